// The style of pages about runs: light and dark, wide and narrow. Static text.
#pragma once

#include <string_view>

namespace tidegate::engine {

inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5c6675;--rule:#dfe3e9;
--track:#e8ebf0;--good:#1a8f5a;--bad:#cc3344;--busy:#2468d6;--held:#b87708;--idle:#8a94a3}
@media(prefers-color-scheme:dark){:root{--paper:#11151b;--card:#1a2029;--ink:#e5e9ef;--soft:#98a3b3;
--rule:#2b3340;--track:#2a323e;--good:#3fbf84;--bad:#f0717d;--busy:#6aa2ff;--held:#e0a63a;--idle:#78828f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:0 0 12px}
h3{font-size:14px;margin:14px 0 6px;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:18px 20px;margin-top:18px}
.top{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center}
.meta,.note{color:var(--soft);font-size:13.5px}
.meta{margin:6px 0 0}
.note{margin:10px 0 0}
.state{display:inline-block;border-radius:99px;padding:1px 10px;font-size:12.5px;font-weight:600;
white-space:nowrap;color:var(--c);border:1px solid var(--c)}
.good{--c:var(--good)}.bad{--c:var(--bad)}.busy{--c:var(--busy)}.held{--c:var(--held)}.idle{--c:var(--idle)}
.reason{border-left:3px solid var(--c);padding:2px 0 2px 12px;margin:14px 0 0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin-top:18px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:12px 16px}
.card b{display:block;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}
.card span{color:var(--soft);font-size:13px}
.card .label{display:block;font-size:12.5px}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
table.few{width:auto;min-width:240px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{font-weight:600;color:var(--soft);font-size:12.5px;text-align:left;white-space:nowrap}
th,td{padding:6px 10px;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.id{font-weight:600;overflow-wrap:break-word;min-width:170px;max-width:340px}
td .err{display:block;color:var(--bad);font-weight:400;font-size:13px;overflow-wrap:anywhere;max-width:560px}
td .bar{display:block;height:4px;border-radius:2px;background:var(--busy);margin-top:4px;min-width:2px}
tr:target td{background:color-mix(in srgb,var(--busy) 12%,transparent)}
tfoot td{font-weight:600;border-top:2px solid var(--rule)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
margin:0;max-height:520px;overflow:auto}
svg{display:block;max-width:100%;height:auto}
svg text{font-family:inherit}
svg .name{font-size:13px;font-weight:600;fill:var(--ink)}
svg .small{font-size:11.5px;fill:var(--soft)}
svg .line{fill:none;stroke:var(--idle);stroke-opacity:.55;stroke-width:1.5}
svg .card{fill:var(--card);stroke:var(--rule);stroke-width:1.2}
svg .behind{fill:var(--track);stroke:var(--rule)}
svg .track{fill:var(--track)}
svg .mark{fill:var(--c)}
svg .box:hover .card{stroke:var(--c)}
svg .wait{fill:var(--c);fill-opacity:.18}
svg .fan{fill:var(--c);fill-opacity:.5}
svg .rule{stroke:var(--rule);stroke-width:1}
footer{color:var(--soft);font-size:13px;margin-top:22px}
@media(max-width:640px){main{padding:18px 12px 40px}section{padding:14px;border-radius:10px}h1{font-size:21px}
.cards{grid-template-columns:repeat(2,1fr);gap:8px}.card{padding:10px 12px}.card b{font-size:18px}}
@media print{body{background:#fff}section,.card{break-inside:avoid}}
)css";

}  // namespace tidegate::engine
