// For tests: certificates made on the spot by the openssl program, in a folder that goes with them.
// One thread.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tidegate::tls {

class TestCertificates {
 public:
  TestCertificates() {
    char folder[] = "/tmp/tidegate-certificates-XXXXXX";
    EXPECT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    run("req -x509 -subj /CN=test-ca -days 1 -out ca.pem -keyout ca.key" + kKey);
  }
  ~TestCertificates() { std::filesystem::remove_all(folder_); }

  // A certificate NAME.pem with its key NAME.key. `subjects`: "DNS:api.test,IP:127.0.0.1".
  // With 0 days it has expired.
  void add(const std::string& name, const std::string& subjects, int days = 1) {
    std::ofstream(folder_ + "/" + name + ".ext") << "subjectAltName=" << subjects << "\n";
    run("req -subj /CN=leaf -out " + name + ".csr -keyout " + name + ".key" + kKey);
    run("x509 -req -CA ca.pem -CAkey ca.key -set_serial 7 -days " + std::to_string(days) + " -in " +
        name + ".csr -out " + name + ".pem -extfile " + name + ".ext");
  }
  [[nodiscard]] std::string ca() const { return folder_ + "/ca.pem"; }
  [[nodiscard]] std::string certificate(const std::string& name) const {
    return folder_ + "/" + name + ".pem";
  }
  [[nodiscard]] std::string key(const std::string& name) const {
    return folder_ + "/" + name + ".key";
  }

 private:
  void run(const std::string& arguments) const {
    EXPECT_EQ(std::system(("cd " + folder_ + " && openssl " + arguments + " 2>/dev/null").c_str()),
              0)
        << arguments;
  }

  const std::string kKey = " -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
  std::string folder_;
};

}  // namespace tidegate::tls
