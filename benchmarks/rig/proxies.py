"""The two proxies under test: how each is configured and started. One worker, one upstream."""

import os

from rig.process import children_of, free_port, wait_for_port

NGINX_CONFIG = """
daemon off;
{user}
{master}
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections {connections}; }}
http {{
  access_log {access_log};
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  {body_buffer}
  tcp_nodelay on;
  keepalive_requests 1000000000;
  upstream provider {{
    server 127.0.0.1:{upstream};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass {scheme}://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      {streaming}
      {tls}
    }}
  }}
}}
"""

NGINX_TLS = """proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_server_name on;
      proxy_ssl_name localhost;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {ca_file};"""

GATEWAY_CONFIG = """
listen: 127.0.0.1:{port}
admin: 127.0.0.1:{admin}
workers: 1
providers:
  bench:
    dialect: {dialect}
    base_url: {base_url}
    api_key: sk-bench
    max_connections: {connections}
    {ca}
models:
  bench-model:
    provider: bench
    name: bench-wire-model
    context: 1000000
    max_output: 64000
    price: {{ input: 1, cached: 0.1, output: 2 }}
routes:
  long_context_discovery: {{ model: bench-model }}
  short_task_batch: {{ model: bench-model }}
  terminal_agentic: {{ model: bench-model }}
  critical_planning: {{ model: bench-model }}
log: {{ requests: {log_requests}, file: "{folder}/gateway.log" }}
state: {{ ledger: "sqlite:{folder}/bench.db" }}
{more}
"""


class Setup:
    """What a figure asks of a proxy, beyond its defaults."""

    def __init__(self, upstream, streaming=False, ca_file=None, single_process=False,
                 dialect="openai", more=""):
        self.upstream = upstream  # port
        self.streaming = streaming
        self.ca_file = ca_file  # the upstream speaks TLS
        self.single_process = single_process
        self.dialect = dialect  # of the provider, for the gateway
        self.more = more  # configuration of the gateway


class Proxy:
    """A started proxy: `port`, and `pids` of all its processes."""

    def __init__(self, name, rig, setup):
        self.name = name
        self.rig = rig
        self.port = free_port()
        self.folder = rig.new_folder(name)
        self.log = f"{self.folder}/output.log"
        self.command = self.configure(setup)
        self.child = None

    def launch(self, prefix=()):
        with open(self.log, "w") as log:
            self.child = self.rig.children.start(
                [*prefix, *self.command], self.rig.core, stdout=log, stderr=log)

    def start(self, prefix=(), patience=10):
        self.launch(prefix)
        wait_for_port(self.port, self.child, patience, self.log)
        return self

    def stop(self, patience=10):
        if self.child:
            self.rig.children.stop(self.child, patience)

    @property
    def pids(self):
        return [self.child.pid, *children_of(self.child.pid)]


class Nginx(Proxy):
    def configure(self, setup):
        config = f"{self.folder}/nginx.conf"
        with open(config, "w") as file:
            file.write(NGINX_CONFIG.format(
                user="user root;" if os.geteuid() == 0 else "",
                master="master_process off;" if setup.single_process else "",
                descriptors=self.rig.descriptors,
                # nginx sheds new clients when less than a sixteenth is free
                connections=self.rig.descriptors * 17 // 16,
                folder=self.folder,
                access_log=f"{self.folder}/access.log" if self.rig.logs else "off",
                body_buffer=f"client_body_buffer_size {self.rig.nginx_body_buffer};"
                if self.rig.nginx_body_buffer else "",
                upstream=setup.upstream,
                port=self.port,
                scheme="https" if setup.ca_file else "http",
                streaming="proxy_buffering off;" if setup.streaming else "",
                tls=NGINX_TLS.format(ca_file=setup.ca_file) if setup.ca_file else ""))
        return [self.rig.nginx, "-p", self.folder, "-c", config]


class Gateway(Proxy):
    def configure(self, setup):
        config = f"{self.folder}/tidegate.yaml"
        host = "https://localhost" if setup.ca_file else "http://127.0.0.1"
        with open(config, "w") as file:
            file.write(GATEWAY_CONFIG.format(
                port=self.port,
                admin=free_port(),
                dialect=setup.dialect,
                base_url=f"{host}:{setup.upstream}/v1",
                connections=min(self.rig.descriptors // 2, 20000),
                ca=f"ca_file: {setup.ca_file}" if setup.ca_file else "",
                log_requests="true" if self.rig.logs else "false",
                more=setup.more,
                folder=self.folder))
        return [self.rig.gateway, "serve", "-c", config]
