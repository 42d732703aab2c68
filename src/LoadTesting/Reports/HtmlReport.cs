using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>The report as one HTML page: charts are inline SVG, nothing is loaded from anywhere.</summary>
static class HtmlReport
{
    const string Style = """
        :root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--soft:#f4f5f7;--line:#d5d9e0;--dim:#5b6470;--a:#2563c9;--b:#c2410c;--c:#7a3fb5;--ok:#15803d;--bad:#b91c1c}
        @media(prefers-color-scheme:dark){:root{--fg:#e6e9ee;--bg:#14171b;--soft:#1d2126;--line:#363c45;--dim:#98a2b0;--a:#6aa5ff;--b:#ff9559;--c:#c39bff;--ok:#5fd38a;--bad:#ff7b72}}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:1080px;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .6rem}.dim{color:var(--dim)}
        .tiles{display:flex;flex-wrap:wrap;gap:.7rem;margin:1.2rem 0}.tile{background:var(--soft);border-radius:8px;padding:.6rem .9rem;min-width:7.5rem}.tile b{display:block;font-size:1.35rem}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right}th:first-child,td:first-child{text-align:left}td{overflow-wrap:anywhere}th{color:var(--dim);font-weight:600}
        table.left td,table.left th,td.text,th.text{text-align:left}.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1rem}.ok{color:var(--ok);font-weight:600}.bad{color:var(--bad);font-weight:600}
        svg{width:100%;height:auto;background:var(--soft);border-radius:8px}svg text{fill:var(--dim);font:11px system-ui,sans-serif}.legend span{margin-right:1rem}.scroll{overflow-x:auto}
        """;

    public static string Render(ResultDocument document)
    {
        var page = new StringBuilder();
        var overall = document.Data["overall"]!;
        var grade = (string)document.Data["grade"]!;
        var latency = LatencyHistogram.FromResult(document.Histograms["latency"]);
        Begin(page, document, $"Load: {document.Name}", $"{(string)document.Settings["target"]!} · {ReportWriter.Text(document.DurationSeconds)} s");
        Tiles(page,
            ("grade", $"<span class=\"{(grade.StartsWith("poor", StringComparison.Ordinal) ? "bad" : "ok")}\">{Text(grade.Split(' ')[0])}</span>"),
            ("good answers/s", ReportWriter.Text((double?)overall["throughput"] ?? 0)),
            ("requests", ((long)overall["requests"]!).ToString("N0", CultureInfo.InvariantCulture)),
            ("failed", ((long)overall["failed"]!).ToString("N0", CultureInfo.InvariantCulture)),
            ("p50 ms", ReportWriter.Text(latency.MillisecondsAt(50))), ("p95 ms", ReportWriter.Text(latency.MillisecondsAt(95))), ("p99 ms", ReportWriter.Text(latency.MillisecondsAt(99))), ("max ms", ReportWriter.Text(latency.MillisecondsAt(100))),
            ("late / dropped", $"{(long)overall["late"]!} / {(long)overall["dropped"]!}"));
        Verdicts(page, document);
        var blocks = document.Data["blocks"]!.AsArray();
        if (blocks.Count > 1)
        {
            page.Append("<h2>Latency over time</h2>").Append(SvgCharts.Lines("ms", logarithmic: true,
                ("median", "var(--a)", SvgCharts.Series(blocks, 3)), ("p95", "var(--b)", SvgCharts.Series(blocks, 4)), ("p99", "var(--c)", SvgCharts.Series(blocks, 5))));
            page.Append("<h2>Heat map</h2><div class=\"dim\">One column per half second of intended start, darker where more requests are.</div>").Append(SvgCharts.Heat(blocks));
            page.Append("<h2>Throughput and errors</h2>").Append(SvgCharts.Lines("per second", logarithmic: false,
                ("requests/s", "var(--a)", SvgCharts.Series(blocks, 1, 2)), ("failed/s", "var(--bad)", SvgCharts.Series(blocks, 2, 2))));
        }

        page.Append("<h2>Percentiles</h2><div class=\"dim\">Latency runs from the intended start, service time from sending. The space between them is waiting that a generator without a schedule does not show.</div>");
        page.Append(SvgCharts.Percentiles(("latency", "var(--b)", latency), ("service time", "var(--a)", LatencyHistogram.FromResult(document.Histograms["serviceTime"])), ("send lag", "var(--c)", LatencyHistogram.FromResult(document.Histograms["sendLag"]))));
        System(page, document);
        Scaling(page, document);
        return End(page, document);
    }

    /// <summary>A page of one chart and the document's tables.</summary>
    public static string Page(ResultDocument document, string title, string chart)
    {
        var page = new StringBuilder();
        Begin(page, document, title, document.Name);
        Rows(page, "Verdicts", document);
        page.Append(chart);
        return End(page, document);
    }

    static void Begin(StringBuilder page, ResultDocument document, string title, string about)
    {
        page.Append($"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Text(title)}</title><style>{Style}</style></head><body>");
        page.Append($"<h1>{Text(title)}</h1><div class=\"dim\">{Text(about)} · {document.StartedAt:yyyy-MM-dd HH:mm:ss} UTC · {Text(document.Machine.Processor)}, {document.Machine.Cores} cores · commit {Text(document.Source.Commit[..Math.Min(10, document.Source.Commit.Length)])}{(document.Source.Clean ? "" : " with changes")}</div>");
    }

    static string End(StringBuilder page, ResultDocument document)
    {
        foreach (var table in document.Tables.Where(t => t.Rows.Count > 0))
        {
            Table(page, table);
        }

        page.Append($"<p class=\"dim\">{Text(string.Join(' ', document.Command))}</p></body></html>\n");
        return page.ToString();
    }

    /// <summary>The target's process, its machine and what was read beside it, on the same time axis as the load.</summary>
    static void System(StringBuilder page, ResultDocument document)
    {
        var process = document.Data["process"]!.AsArray();
        if (process.Count > 1)
        {
            page.Append("<h2>Target and machine</h2><div class=\"pairs\">");
            Chart("%", ("CPU, % of a core", "var(--a)", 1), ("host CPU %", "var(--c)", 7));
            Chart("MB", ("memory MB", "var(--b)", 2));
            Chart("count", ("threads", "var(--a)", 3), ("open files", "var(--b)", 4));
            Chart("per second", ("voluntary switches", "var(--a)", 5), ("forced switches", "var(--b)", 6));
            Chart("KB/s", ("network", "var(--a)", 11), ("host network", "var(--c)", 9));
            Chart("KB/s", ("disk", "var(--a)", 8), ("host disk", "var(--c)", 10));
            page.Append("</div>");
        }

        foreach (var server in document.Data["servers"] as JsonArray ?? [])
        {
            var samples = server!["samples"]!.AsArray();
            if (samples.Count < 2)
            {
                continue;
            }

            page.Append($"<h2>{Text(ReportWriter.ServerTitle((string)server["source"]!))}</h2><div class=\"pairs\">");
            foreach (var (figure, i) in server["figures"]!.AsArray().Select((f, i) => ((string)f!, i)))
            {
                page.Append(SvgCharts.Pair("", (figure, "var(--a)", SvgCharts.Series(samples, i + 1))));
            }

            page.Append("</div>");
        }

        void Chart(string unit, params (string Name, string Colour, int Column)[] series) =>
            page.Append(SvgCharts.Pair(unit, [.. series.Select(c => (c.Name, c.Colour, SvgCharts.Series(process, c.Column)))]));
    }

    static void Scaling(StringBuilder page, ResultDocument document)
    {
        if (document.Data["scaling"] is JsonArray { Count: > 1 } samples)
        {
            page.Append("<h2>Scaling</h2><div class=\"dim\">Use is in percent of what the instances may use; the table below names every change and its cause.</div><div class=\"pairs\">");
            page.Append(SvgCharts.Pair("instances", ("instances behind nginx", "var(--b)", SvgCharts.Steps(SvgCharts.Series(samples, 1)))));
            page.Append(SvgCharts.Pair("%", ("mean CPU %", "var(--a)", SvgCharts.Series(samples, 2)), ("busiest instance %", "var(--c)", SvgCharts.Series(samples, 3)))).Append("</div>");
        }
    }

    static void Verdicts(StringBuilder page, ResultDocument document)
    {
        if ((string?)document.Data["abortedBy"] is { } aborted)
        {
            page.Append($"<p class=\"bad\">Ended early by {Text(aborted)}</p>");
        }

        if ((bool)document.Data["overall"]!["interrupted"]!)
        {
            page.Append("<p class=\"bad\">Ended before its time; the figures cover the time until then.</p>");
        }

        Rows(page, "Thresholds", document);
        if (document.Data["findings"] is JsonArray { Count: > 0 } findings)
        {
            page.Append("<h2>Findings</h2><ul>").AppendJoin("", findings.Select(f => $"<li>{Text((string)f!)}</li>")).Append("</ul>");
        }

        var hints = document.Data["hints"]!.AsArray();
        if (hints.Count > 0)
        {
            page.Append("<h2>What limits</h2><ol>").AppendJoin("", hints.Select(h => $"<li>{Text((string)h!)}</li>")).Append("</ol>");
        }
    }

    static void Rows(StringBuilder page, string title, ResultDocument document)
    {
        if (document.Verdicts.Count == 0)
        {
            return;
        }

        page.Append($"<h2>{title}</h2><table class=\"left\">");
        foreach (var verdict in document.Verdicts)
        {
            page.Append($"<tr><td class=\"{(verdict.Verdict == "passed" ? "ok" : "bad")}\">{Text(verdict.Verdict)}</td><td>{Text(verdict.Subject)}</td><td>{Text(verdict.Reason)}</td></tr>");
        }

        page.Append("</table>");
    }

    static void Tiles(StringBuilder page, params (string Name, string Html)[] tiles) =>
        page.Append("<div class=\"tiles\">").AppendJoin("", tiles.Select(t => $"<div class=\"tile\"><span class=\"dim\">{Text(t.Name)}</span><b>{t.Html}</b></div>")).Append("</div>");

    static void Table(StringBuilder page, ResultTable table)
    {
        page.Append($"<h2>{Text(table.Title)}</h2><div class=\"scroll\"><table><tr>").AppendJoin("", table.Columns.Select((c, i) => $"<th{Left(table, i)}>{Text(c)}</th>")).Append("</tr>");
        foreach (var row in table.Rows)
        {
            page.Append("<tr>").AppendJoin("", row.Select((c, i) => $"<td{Left(table, i)}>{Text(c)}</td>")).Append("</tr>");
        }

        page.Append("</table></div>");
        if (table.Note is not null)
        {
            page.Append($"<div class=\"dim\">{Text(table.Note)}</div>");
        }
    }

    static string Left(ResultTable table, int column) => TextReport.IsText(table, column) ? " class=\"text\"" : "";

    static string Text(string text) => WebUtility.HtmlEncode(text);
}
