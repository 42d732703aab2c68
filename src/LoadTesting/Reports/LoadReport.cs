using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Server;
using Fettle.LoadTesting.Thresholds;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>
/// Turns a run into a <c>fettle.result/1</c> document (kind <c>load</c>) and renders that document, and nothing else, as text, Markdown,
/// HTML, JUnit or CSV: a saved report can be rendered again at any time.
/// </summary>
public sealed class LoadReport
{
    LoadReport(ResultDocument document) => Document = document;

    internal ResultDocument Document { get; }

    /// <summary>The report of a run.</summary>
    /// <param name="run">What was measured.</param>
    /// <param name="command">The command line that made it.</param>
    /// <param name="settings">Settings worth keeping: text by name.</param>
    public static LoadReport Of(ScenarioRun run, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? settings = null) =>
        new(ResultDocument.Parse(ReportWriter.Write(run, command, settings).ToJson())); // Through the text, so that what is rendered is what a file would hold.

    /// <summary>Reads a saved report.</summary>
    /// <exception cref="InvalidDataException">The file is not a report of a load run of this version.</exception>
    public static LoadReport Load(string path)
    {
        var document = ResultDocument.Parse(File.ReadAllText(path));
        return document.Kind == "load" ? new LoadReport(document) : throw new InvalidDataException($"'{path}' is a result of kind '{document.Kind}'; a load report is needed");
    }

    /// <summary>Writes the JSON document.</summary>
    public void Save(string path) => Document.Save(path);

    /// <summary>The JSON document.</summary>
    public string ToJson() => Document.ToJson();

    /// <summary>Plain text for a terminal or a log; with colours when asked.</summary>
    public string ToText(bool colour = false) => TextReport.Render(Document, colour);

    /// <summary>Markdown for a pull request or a wiki.</summary>
    public string ToMarkdown() => MarkdownReport.Render(Document);

    /// <summary>One HTML page without references to anything outside it.</summary>
    public string ToHtml() => HtmlReport.Render(Document);

    /// <summary>JUnit XML: a test case for each threshold, and one for the run.</summary>
    public string ToJUnit() => JUnitReport.Render(Document);

    /// <summary>Comma-separated values: one line for each half second.</summary>
    public string ToCsv() => CsvReport.Render(Document);

    /// <summary>Mean concurrency (throughput times mean latency, Little's law) and good answers per second: a point of the scalability law.</summary>
    /// <exception cref="InvalidDataException">The run failed in more than 5 % of its requests, or the generator was its limit.</exception>
    public (double Concurrency, double Throughput) Point()
    {
        var overall = Document.Data["overall"]!;
        var (requests, failed) = ((long)overall["requests"]!, (long)overall["failed"]!);
        if (failed * 20 > requests || (bool)overall["generatorLimited"]!)
        {
            throw new InvalidDataException($"run '{Document.Name}' of {Document.StartedAt:yyyy-MM-dd HH:mm:ss} says nothing about capacity: {failed} of {requests} requests failed{((bool)overall["generatorLimited"]! ? ", and the generator was the limit" : "")}");
        }

        var throughput = (double)overall["throughput"]!;
        return (throughput * (double)overall["meanMs"]! / 1000, throughput);
    }

    /// <summary>What probably limited the run, the strongest evidence; null when nothing was named.</summary>
    public string? Resource => Document.Data["hints"] is JsonArray { Count: > 0 } hints ? (string)hints[0]! : null;

    /// <summary>A figure of this report for a relative threshold, in the threshold's unit; null when the report has none.</summary>
    public double? Figure(Threshold threshold)
    {
        var key = threshold with { Relative = false, Value = 0, Operator = "<" };
        var groups = Document.Histograms.Where(h => h.Key.StartsWith("latency ", StringComparison.Ordinal)).Select(h =>
        {
            var data = Document.Data["requests"]?[h.Key["latency ".Length..]];
            return data is null ? null : new MeasuredGroup(
                (string)data["scenario"]!, (string)data["name"]!, ((JsonObject)data["tags"]!).ToDictionary(t => t.Key, t => (string)t.Value!),
                (long)data["requests"]!, (long)data["failed"]!, 0, 0, LatencyHistogram.FromResult(h.Value),
                LatencyHistogram.FromResult(Document.Histograms["service " + h.Key["latency ".Length..]]), (double)data["seconds"]!);
        }).OfType<MeasuredGroup>().ToArray();
        var figure = ThresholdJudge.Measure(key, groups, ProcessFigures.Unknown);
        return double.IsNaN(figure) ? null : figure;
    }
}
