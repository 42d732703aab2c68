using System.Globalization;
using Fettle.Forests;
using Fettle.Shared.Results;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Models;

/// <summary>Tables of the model verbs on stdout, and as a result document where asked.</summary>
internal static class ModelOutput
{
    public static int Print(ResultTable table, string name, string? json) => Print([table], name, json);

    public static int Print(IReadOnlyList<ResultTable> tables, string name, string? json)
    {
        foreach (var table in tables)
        {
            Print(table);
        }

        if (json is not null)
        {
            var document = new ResultDocument
            {
                Kind = "model",
                Name = name,
                StartedAt = TimeProvider.System.GetUtcNow(),
                Machine = RunEnvironment.Machine(),
                Source = RunEnvironment.Source(),
                Command = ["fettle", "model", name],
            };
            document.Tables.AddRange(tables);
            Written(json, () => document.Save(json));
        }

        return ExitCode.Ok;
    }

    static void Print(ResultTable table)
    {
        var widths = table.Columns.Select((c, i) => Math.Max(c.Length, table.Rows.Select(r => r[i].Length).DefaultIfEmpty(0).Max())).ToArray();
        Console.Out.WriteLine(table.Title);
        foreach (var row in new[] { table.Columns }.Concat(table.Rows))
        {
            Console.Out.WriteLine(string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(row.Length == 2 ? 0 : widths[i]))));
        }

        if (table.Note is not null)
        {
            Console.Out.WriteLine(table.Note);
        }
    }

    public static ResultTable Quantization(QuantizationReport report, Forest before, LeafPrecision precision, int bytes) => new("quantisation", ["what", "value"],
    [
        ["leaves", $"{precision}"],
        ["size", $"{bytes} bytes"],
        ["rows compared", $"{report.Rows}"],
        ["equal to the last bit", $"{report.SameBits}"],
        ["label agreement", report.HasClasses ? Text(report.LabelAgreement) : "no classes"],
        ["F1 before, after", report.HasClasses ? $"{Text(report.F1Before)}, {Text(report.F1After)}" : "no classes"],
        ["AUC before, after", $"{Text(report.AucBefore)}, {Text(report.AucAfter)}"],
        ["log-loss before, after", $"{Text(report.LogLossBefore)}, {Text(report.LogLossAfter)}"],
        ["largest |Δp|", Text(report.LargestDifference)],
        ["RMS difference, share of the spread", Text(report.SpreadLoss)],
        ["largest |Δmargin| possible", Text(QuantizationReport.WorstCaseMargin(before.Model, precision))],
    ]);

    static string Text(double value) => double.IsNaN(value) ? "no labels" : value.ToString("G7", CultureInfo.InvariantCulture);

    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void WriteAtomically(string path, byte[] bytes) => Written(path, () =>
    {
        var temporary = path + ".tmp";
        File.WriteAllBytes(temporary, bytes);
        try
        {
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    });

    static void Written(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write '{path}': {(Directory.Exists(path) ? "it is a folder" : e.Message)}");
        }
    }
}
