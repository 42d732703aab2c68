using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Journal;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle rollback</c>: replays undos from the journal.</summary>
internal static class RollbackCommand
{
    public static Command Create()
    {
        var what = new Argument<string?>("what") { Description = "Nothing for the latest run that changed something, 'all', a run's id, or an action's id.", Arity = ArgumentArity.ZeroOrOne };
        var database = new Option<string?>("--database") { Description = "The target's address with its secrets, for PostgreSQL: journals hold none." };
        var state = TuneSettings.StateOption();
        var command = new Command("rollback", "Undo what tuning applied, also after a crash.") { what, database, state };
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var address = parse.GetValue(database) is { } text ? TuneSettings.Address(text) : null;
                return Print(await Rollback.RunAsync(parse.GetValue(state)!, parse.GetValue(what), address, TimeProvider.System, cancellation));
            }
            catch (Exception e) when (e is TuningException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    static int Print(RollbackReport report)
    {
        foreach (var line in report.Undone)
        {
            Console.Out.WriteLine($"undone  {line}");
        }

        foreach (var line in report.Notes)
        {
            Console.Out.WriteLine($"note    {line}");
        }

        if (report.Undone.Count == 0 && report.Notes.Count == 0)
        {
            Console.Out.WriteLine("nothing to undo");
        }

        switch (report.SchemaRestored)
        {
            case true:
                Console.Out.WriteLine("schema  equal to the one before the run");
                return ExitCode.Ok;
            case false:
                foreach (var line in report.SchemaDifference)
                {
                    Console.Out.WriteLine($"schema  {line}");
                }

                throw new UserErrorException("every undo ran, but the schema differs from the one before the run: something else changed it in the meantime (lines above)");
            default:
                return ExitCode.Ok;
        }
    }
}
