using System.Text;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>The report as plain text.</summary>
static class TextReport
{
    public static string Render(ResultDocument document, bool colour)
    {
        var text = new StringBuilder();
        var overall = document.Data["overall"]!;
        text.AppendLine($"{document.Name} → {(string)document.Settings["target"]!}, {document.StartedAt:yyyy-MM-dd HH:mm:ss} UTC, {ReportWriter.Text(document.DurationSeconds)} s");
        text.AppendLine($"requests {(long)overall["requests"]!}, failed {(long)overall["failed"]!}, {ReportWriter.Text((double?)overall["throughput"] ?? 0)} good answers/s; late {(long)overall["late"]!}, dropped {(long)overall["dropped"]!}, retried {(long)overall["retried"]!}, connections {(long)overall["connectionsOpened"]!}");
        text.AppendLine($"latency from intended start: {Percentiles(document, "latency")}");
        text.AppendLine($"service time from sending:   {Percentiles(document, "serviceTime")}");
        text.AppendLine($"send lag:                    {Percentiles(document, "sendLag")}");
        text.AppendLine($"arrival error:               {Percentiles(document, "dispatchLag")}");
        TablesAndVerdicts(text, document, colour);

        if ((string?)document.Data["abortedBy"] is { } aborted)
        {
            text.AppendLine().AppendLine($"ended early by {aborted}");
        }

        if ((bool)overall["interrupted"]!)
        {
            text.AppendLine().AppendLine("interrupted: the figures cover the time until then");
        }

        foreach (var finding in document.Data["findings"] as System.Text.Json.Nodes.JsonArray ?? [])
        {
            text.AppendLine((string)finding!);
        }

        foreach (var hint in document.Data["hints"]!.AsArray())
        {
            text.AppendLine($"hint: {(string)hint!}");
        }

        var noise = (double?)document.Noise["blockNoise"];
        text.AppendLine().AppendLine($"noise: half-second medians vary by {(noise is null ? "–" : ReportWriter.Text(noise.Value))} %");
        var grade = (string)document.Data["grade"]!;
        text.AppendLine($"grade: {Paint(grade, grade.StartsWith("excellent", StringComparison.Ordinal) ? 32 : grade.StartsWith("good", StringComparison.Ordinal) ? 33 : 31, colour)}");
        return text.ToString();
    }

    /// <summary>The tables and verdicts of any document.</summary>
    public static string Tables(ResultDocument document)
    {
        var text = new StringBuilder($"{document.Name}, {document.StartedAt:yyyy-MM-dd HH:mm:ss} UTC\n");
        TablesAndVerdicts(text, document, colour: false);
        return text.ToString();
    }

    static void TablesAndVerdicts(StringBuilder text, ResultDocument document, bool colour)
    {
        foreach (var table in document.Tables.Where(t => t.Rows.Count > 0))
        {
            Table(text, table);
        }

        if (document.Verdicts.Count > 0)
        {
            text.AppendLine().AppendLine(document.Kind == "load" ? "Thresholds" : "Verdicts");
            foreach (var verdict in document.Verdicts)
            {
                var passed = verdict.Verdict == "passed";
                text.AppendLine($"  {Paint(passed ? "PASS" : verdict.Verdict == "failed" ? "FAIL" : verdict.Verdict.ToUpperInvariant(), passed ? 32 : 31, colour)}  {verdict.Subject}: {verdict.Reason}");
            }
        }
    }

    internal static string Percentiles(ResultDocument document, string name)
    {
        var h = LatencyHistogram.FromResult(document.Histograms[name]);
        return h.Count == 0 ? "–" : $"p50 {ReportWriter.Text(h.MillisecondsAt(50))}  p90 {ReportWriter.Text(h.MillisecondsAt(90))}  p95 {ReportWriter.Text(h.MillisecondsAt(95))}  p99 {ReportWriter.Text(h.MillisecondsAt(99))}  p99.9 {ReportWriter.Text(h.MillisecondsAt(99.9))}  max {ReportWriter.Text(h.MillisecondsAt(100))} ms";
    }

    static void Table(StringBuilder text, ResultTable table)
    {
        var widths = table.Columns.Select((c, i) => Math.Max(c.Length, table.Rows.Max(r => r[i].Length))).ToArray();
        text.AppendLine().AppendLine(table.Title);
        foreach (var row in table.Rows.Prepend(table.Columns))
        {
            text.AppendLine("  " + string.Join("  ", row.Select((c, i) => i == 0 || IsText(table, i) ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))).TrimEnd());
        }

        if (table.Note is not null)
        {
            text.AppendLine("  " + table.Note);
        }
    }

    /// <summary>Columns of words; the others hold numbers.</summary>
    internal static bool IsText(ResultTable table, int column) => table.Columns[column] is "example" or "cause" or "event" or "instance" or "value" or "load" or "state" or "held";

    static string Paint(string text, int code, bool colour) => colour ? $"\e[{code}m{text}\e[0m" : text;
}
