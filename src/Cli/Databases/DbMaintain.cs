using System.CommandLine;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Databases;

/// <summary><c>fettle db maintain</c>: measures first, then does what the measurement calls for.</summary>
internal static class DbMaintain
{
    public static Command Create()
    {
        var command = new Command("maintain", "Refresh stale statistics, reclaim wasted space, drop interrupted builds; says what it gained.");
        var options = new DbOptions().AddTo(command, workload: false);
        var dry = new Option<bool>("--dry-run") { Description = "Only measure" };
        var integrity = new Option<bool>("--integrity") { Description = "SQLite: also check every page" };
        var backup = new Option<string?>("--backup") { Description = "SQLite: copy the database to this file first, while it is in use" };
        command.Options.Add(dry);
        command.Options.Add(integrity);
        var reindex = new Option<bool>("--reindex") { Description = "Also rebuild indexes: those measured as bloated: PostgreSQL concurrently, SQLite where pages are less than half full" };
        command.Options.Add(backup);
        command.Options.Add(reindex);
        command.SetAction(async (parse, cancellation) =>
        {
            await using var database = options.Open(parse);
            var output = new DbOutput("maintain", database);
            MaintenanceState state;
            try
            {
                state = await DatabaseMaintenance.MeasureAsync(database, parse.GetValue(integrity), cancellation);
            }
            catch (System.Data.Common.DbException e)
            {
                throw new UserErrorException($"{database.Address} cannot be read: {e.Message}; nothing was changed");
            }

            output.Table("Measured", ["what", "value"],
            [
                ["size", DbOutput.Size(state.Bytes)], ["holds nothing", FormattableString.Invariant($"{100 * state.Bloat:0.#} %")],
                ["stale statistics", string.Join(", ", state.StaleTables)], ["problems", string.Join("; ", state.Problems)],
            ]);
            if (state.Problems.Count > 0)
            {
                output.Save(parse.GetValue(options.Json));
                throw new UserErrorException($"the integrity check found: {state.Problems[0]}; nothing was changed");
            }

            try
            {
                if (parse.GetValue(backup) is { } file)
                {
                    await DatabaseMaintenance.BackupAsync(database, file, cancellation);
                    Console.Error.WriteLine($"backed up to {file}");
                }

                if (!parse.GetValue(dry))
                {
                    var steps = await DatabaseMaintenance.RunAsync(database, parse.GetValue(reindex), cancellation);
                    output.Table("Done", ["step", "ms", "size before", "size after"], steps.Select(s => new[] { s.Step, DbOutput.Number(s.Milliseconds), DbOutput.Size(s.BytesBefore), DbOutput.Size(s.BytesAfter) }));
                }
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or System.Data.Common.DbException)
            {
                throw new UserErrorException(e.Message);
            }

            output.Save(parse.GetValue(options.Json));
            return ExitCode.Ok;
        });
        return command;
    }
}
