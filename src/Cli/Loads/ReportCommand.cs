using System.CommandLine;
using Fettle.LoadTesting.Capacity;
using Fettle.LoadTesting.Reports;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load report RESULT.json</c>: renders a saved result again.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var saved = new Argument<string>("result") { Description = "A saved result (fettle.result/1, kind load)" };
        var outputs = LoadOptions.Outputs.Select(o => (o.Name, Option: new Option<string?>(o.Name) { Description = o.Description, HelpName = "FILE" })).ToArray();
        var command = new Command("report", "Render a saved result as text, HTML, Markdown, JUnit or CSV") { saved };
        foreach (var (_, option) in outputs)
        {
            command.Options.Add(option);
        }

        command.SetAction(parse =>
        {
            try
            {
                var files = outputs.Select(o => (o.Name, Path: parse.GetValue(o.Option))).Where(o => o.Path is not null).ToDictionary(o => o.Name, o => o.Path!);
                var path = parse.GetValue(saved)!;
                return SavedKind.Of(path) == "capacity" ? Capacity(CapacityReport.Load(path), files) : Load(LoadReport.Load(path), files);
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    static int Load(LoadReport report, Dictionary<string, string> files)
    {
        if (files.Count == 0)
        {
            Console.Out.Write(report.ToText());
        }

        ReportFiles.Write(report, files);
        return ExitCode.Ok;
    }

    static int Capacity(CapacityReport report, Dictionary<string, string> files)
    {
        foreach (var (format, path) in files)
        {
            File.WriteAllText(path, format switch
            {
                "--html" => report.ToHtml(),
                "--text" => report.ToText(),
                _ => throw new UserErrorException($"a capacity report is written as --html or --text, not as {format}", ExitCode.Usage),
            });
            Console.Error.WriteLine($"written: {path}");
        }

        if (files.Count == 0)
        {
            Console.Out.Write(report.ToText());
        }

        return ExitCode.Ok;
    }
}

/// <summary>What a saved result is, without reading the rest.</summary>
internal static class SavedKind
{
    /// <summary>The kind, or null where the file is no JSON object with one.</summary>
    public static string? Of(string path)
    {
        try
        {
            return (string?)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))?["kind"];
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return null; // Reading it in full says what is wrong.
        }
    }
}
