using System.Text;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>The report as Markdown.</summary>
static class MarkdownReport
{
    public static string Render(ResultDocument document)
    {
        var text = new StringBuilder();
        text.AppendLine($"# Load: {Cell(document.Name)}").AppendLine();
        text.AppendLine($"Target {Cell((string)document.Settings["target"]!)}, {document.StartedAt:yyyy-MM-dd HH:mm} UTC, {ReportWriter.Text(document.DurationSeconds)} s on {Cell(document.Machine.Processor)} ({document.Machine.Cores} cores). Grade: **{Cell((string)document.Data["grade"]!)}**").AppendLine();
        if (document.Verdicts.Count > 0)
        {
            text.AppendLine("| threshold | verdict | |").AppendLine("|---|---|---|");
            foreach (var verdict in document.Verdicts)
            {
                text.AppendLine($"| `{Cell(verdict.Subject)}` | {(verdict.Verdict == "passed" ? "passed" : $"**{verdict.Verdict}**")} | {Cell(verdict.Reason)} |");
            }

            text.AppendLine();
        }

        foreach (var table in document.Tables.Where(t => t.Rows.Count > 0))
        {
            text.AppendLine($"## {table.Title}").AppendLine();
            text.AppendLine($"| {string.Join(" | ", table.Columns)} |").AppendLine($"|{string.Concat(table.Columns.Select((_, i) => i == 0 ? "---|" : "---:|"))}");
            foreach (var row in table.Rows)
            {
                text.AppendLine($"| {string.Join(" | ", row.Select(Cell))} |");
            }

            text.AppendLine();
            if (table.Note is not null)
            {
                text.AppendLine(table.Note).AppendLine();
            }
        }

        foreach (var finding in document.Data["findings"] as System.Text.Json.Nodes.JsonArray ?? [])
        {
            text.AppendLine($"- {Cell((string)finding!)}");
        }

        foreach (var hint in document.Data["hints"]!.AsArray())
        {
            text.AppendLine($"- {Cell((string)hint!)}");
        }

        return text.ToString().TrimEnd() + "\n";
    }

    static string Cell(string text) => text.Replace("|", "\\|").Replace("<", "&lt;").ReplaceLineEndings(" ");
}
