using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle apply</c>: chosen proposals of a run, without measuring.</summary>
internal static class ApplyCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("run") { Description = "A run's id, or a result file, of 'fettle advise' or 'fettle tune'." };
        var only = new Option<string[]>("--only") { Description = "Only proposals whose id contains one of these words.", AllowMultipleArgumentsPerToken = true };
        var database = new Option<string?>("--database") { Description = "The target's address with its secrets, for PostgreSQL: results hold none." };
        var yes = new Option<bool>("--yes") { Description = "Answer every question with yes, but those about a high risk." };
        var state = TuneSettings.StateOption();
        var command = new Command("apply", "Apply chosen proposals of a run after a yes; the undo is in the journal first.") { run, only, database, yes, state };
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var options = new ProposalOptions
                {
                    Only = parse.GetValue(only) ?? [],
                    Database = parse.GetValue(database) is { } text ? TuneSettings.Address(text) : null,
                    StateFolder = parse.GetValue(state)!,
                    Ask = Questions.Ask(parse.GetValue(yes)),
                };
                return Print(await ProposalApply.RunAsync(ReportCommand.Load(options.StateFolder, parse.GetValue(run)!), options, cancellation: cancellation));
            }
            catch (Exception e) when (e is TuningException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    static int Print(ProposalReport report)
    {
        foreach (var id in report.Applied)
        {
            Console.Out.WriteLine($"applied  {id}");
        }

        foreach (var line in report.Left)
        {
            Console.Out.WriteLine($"left     {line}");
        }

        if (report.SwitchesFile is { } file)
        {
            Console.Out.WriteLine($"switches {file}; the service reads it at its start (serve --switches)");
        }

        Console.Out.WriteLine($"undo     fettle rollback {report.Run}");
        return report.Applied.Count > 0 ? ExitCode.Ok : ExitCode.NoneKept;
    }
}
