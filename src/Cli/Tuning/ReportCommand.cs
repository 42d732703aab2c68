using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning.Reports;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle report</c>: renders a run's result document again.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var run = new Argument<string?>("run") { Description = "A run's id, or a result file; none for the latest finished run.", Arity = ArgumentArity.ZeroOrOne };
        var format = new Option<string>("--format") { Description = "text, markdown or html.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "markdown", "html");
        var output = new Option<FileInfo?>("--out") { Description = "Write there instead of standard output." };
        var state = TuneSettings.StateOption();
        var command = new Command("report", "Render a run as text, Markdown or one HTML page.") { run, format, output, state };
        command.SetAction(parse =>
        {
            var text = Render(Load(parse.GetValue(state)!, parse.GetValue(run) ?? Latest(parse.GetValue(state)!)), parse.GetValue(format)!);
            if (parse.GetValue(output) is { } file)
            {
                file.Directory!.Create();
                File.WriteAllText(file.FullName, text);
            }
            else
            {
                Console.Out.Write(text);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The newest run that has a result: ids begin with their time.</summary>
    static string Latest(string state) =>
        (Directory.Exists(Path.Combine(state, "runs")) ? Directory.GetFiles(Path.Combine(state, "runs"), "result.json", SearchOption.AllDirectories) : [])
            .Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Max(StringComparer.Ordinal)
            ?? throw new UserErrorException($"there is no finished run in {state}; 'fettle tune' and 'fettle measure' make one");

    /// <summary>The JSON of a run by id or of a file.</summary>
    public static string Load(string state, string run)
    {
        var file = File.Exists(run) ? run : Path.Combine(state, "runs", run, "result.json");
        return File.Exists(file)
            ? File.ReadAllText(file)
            : throw new UserErrorException($"there is no file '{run}' and no finished run of that id in {state}; 'fettle history' lists the runs");
    }

    static string Render(string json, string format)
    {
        try
        {
            return format switch
            {
                "markdown" => TuningReport.Markdown(json),
                "html" => TuningReport.Html(json),
                _ => TuningReport.Text(json),
            };
        }
        catch (InvalidDataException e)
        {
            throw new UserErrorException(e.Message);
        }
    }
}
