using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Reports;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle history</c>: the runs of a state folder, latest last.</summary>
internal static class HistoryCommand
{
    public static Command Create()
    {
        var state = TuneSettings.StateOption();
        var command = new Command("history", "List the runs with their totals.") { state };
        command.SetAction(parse =>
        {
            try
            {
                Console.Out.Write(RunHistory.Text(parse.GetValue(state)!));
                return ExitCode.Ok;
            }
            catch (Exception e) when (e is TuningException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }
}
