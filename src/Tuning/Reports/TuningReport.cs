using System.Text;
using Fettle.Shared.Results;

namespace Fettle.Tuning.Reports;

/// <summary>Renders a <c>fettle.result/1</c> document of kind <c>tune</c>; nothing else is read, so a report can be made again at any time.</summary>
public static class TuningReport
{
    /// <summary>Aligned tables and verdicts for a terminal.</summary>
    /// <exception cref="InvalidDataException">The text is not a result document of this version.</exception>
    public static string Text(string json)
    {
        var result = ResultDocument.Parse(json);
        var text = new StringBuilder();
        foreach (var table in result.Tables)
        {
            AppendText(text, table);
        }

        foreach (var verdict in result.Verdicts)
        {
            text.Append(verdict.Verdict).Append(": ").Append(verdict.Subject).Append(" — ").AppendLine(verdict.Reason);
        }

        return text.ToString();
    }

    /// <summary>The same for a comment on a change.</summary>
    /// <exception cref="InvalidDataException">The text is not a result document of this version.</exception>
    public static string Markdown(string json)
    {
        var result = ResultDocument.Parse(json);
        var text = new StringBuilder();
        foreach (var table in result.Tables)
        {
            text.Append("### ").AppendLine(table.Title).AppendLine();
            text.Append("| ").AppendJoin(" | ", table.Columns.Select(Escape)).AppendLine(" |");
            text.Append('|').AppendJoin('|', table.Columns.Select((_, i) => i == 0 ? "---" : "---:")).AppendLine("|");
            foreach (var row in table.Rows)
            {
                text.Append("| ").AppendJoin(" | ", row.Select(Escape)).AppendLine(" |");
            }

            text.AppendLine();
            if (table.Note is not null)
            {
                text.AppendLine(table.Note).AppendLine();
            }
        }

        foreach (var verdict in result.Verdicts)
        {
            text.Append("- **").Append(verdict.Verdict).Append("** `").Append(verdict.Subject).Append("`: ").AppendLine(Escape(verdict.Reason));
        }

        return text.ToString();
    }

    /// <summary>One self-contained page: no script, no address outside it.</summary>
    /// <exception cref="InvalidDataException">The text is not a result document of this version.</exception>
    public static string Html(string json) => new HtmlReport(ResultDocument.Parse(json)).Render();

    static void AppendText(StringBuilder text, ResultTable table)
    {
        var widths = table.Columns.Select((column, i) => Math.Max(column.Length, table.Rows.Select(r => r[i].Length).DefaultIfEmpty(0).Max())).ToArray();
        void Line(IReadOnlyList<string> cells) =>
            text.AppendLine(string.Join("  ", cells.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        text.AppendLine(table.Title);
        Line(table.Columns);
        Line([.. widths.Select(w => new string('─', w))]);
        foreach (var row in table.Rows)
        {
            Line(row);
        }

        if (table.Note is not null)
        {
            text.AppendLine(table.Note);
        }

        text.AppendLine();
    }

    static string Escape(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ');
}
