using System.CommandLine;
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
                var report = LoadReport.Load(parse.GetValue(saved)!);
                var files = outputs.Select(o => (o.Name, Path: parse.GetValue(o.Option))).Where(o => o.Path is not null).ToDictionary(o => o.Name, o => o.Path!);
                if (files.Count == 0)
                {
                    Console.Out.Write(report.ToText());
                }

                ReportFiles.Write(report, files);
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }
}
