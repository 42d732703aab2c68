namespace Fettle.Tuning.Reports;

internal sealed partial class HtmlReport
{
    const string Style = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#5d6773;--line:#e3e7ec;--page:#f6f7f9;--card:#fff;--good:#0a7d52;--bad:#b3261e;--mid:#8a6100;--before:#b0723b;--after:#0a7d52}
        @media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#9aa5b1;--line:#2b323a;--page:#12161b;--card:#1a2027;--good:#4cc38a;--bad:#ff8a80;--mid:#e3b341;--before:#d99a5b;--after:#4cc38a}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:1140px;margin:0 auto;padding:48px 24px 80px}
        .kicker{margin:0;color:var(--soft);letter-spacing:.04em;font-size:14px}h1{font-size:44px;line-height:1.15;margin:6px 0 10px;letter-spacing:-.02em}
        .lead{font-size:18px;color:var(--soft);margin:0 0 28px}h2{font-size:20px;margin:0 0 14px;letter-spacing:-.01em}h3{font-size:14px;margin:18px 0 6px;color:var(--soft)}
        section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin:0 0 18px}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px;background:none;border:0;padding:0}
        .card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:16px 18px;display:flex;flex-direction:column}.card .name{color:var(--soft);font-size:14px}
        .card b{font-size:32px;letter-spacing:-.02em;line-height:1.25}.card span:last-child{color:var(--soft);font-variant-numeric:tabular-nums;font-size:14px}.good{color:var(--good)}.bad{color:var(--bad)}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
        th{color:var(--soft);font-weight:600;border-bottom:1px solid var(--line)}th,td{text-align:right;padding:8px 6px;white-space:nowrap}th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;min-width:150px}
        tbody tr+tr td{border-top:1px solid var(--line)}.note{color:var(--soft);font-size:14px;margin:12px 0 0}
        .card,.tag{white-space:nowrap}.tag{display:inline-block;border-radius:999px;padding:1px 10px;font-size:13px;border:1px solid currentColor}.tag.kept{color:var(--good)}.tag.rolled-back{color:var(--bad)}.tag.inconclusive,.tag.pruned{color:var(--mid)}
        svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:13px}svg .value{fill:var(--ink);font-variant-numeric:tabular-nums}svg .grid{stroke:var(--line)}
        path{fill:none;stroke-width:2.5;stroke-linejoin:round}path.before{stroke:var(--before)}path.after{stroke:var(--after)}
        .step{stroke:var(--soft);stroke-width:2}.was{fill:var(--soft)}.now.kept,.dot.kept{fill:var(--good);background:var(--good)}.now.rolled-back,.dot.rolled-back{fill:var(--bad);background:var(--bad)}.now.inconclusive,.now.pruned,.dot.inconclusive{fill:var(--mid);background:var(--mid)}
        .key,.dot{display:inline-block;width:22px;height:4px;border-radius:2px;margin:0 6px 3px 12px;vertical-align:middle}.key.before{background:var(--before)}.key.after{background:var(--after)}.dot{width:10px;height:10px;border-radius:50%}
        details{border-top:1px solid var(--line);padding:10px 0}details:first-of-type{border-top:0}summary{cursor:pointer}.reason{color:var(--soft)}.body{padding:4px 0 8px 22px}
        pre{background:var(--page);border-radius:8px;padding:12px 14px;overflow-x:auto;font-size:13px;margin:0;white-space:pre-wrap}code{background:var(--page);border-radius:6px;padding:2px 6px;font-size:14px}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 18px;margin:0;font-size:14px}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        @media(max-width:640px){h1{font-size:32px}dl{grid-template-columns:1fr}}
        """;
}
