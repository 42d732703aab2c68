using System.CommandLine;
using Fettle.Databases;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Databases;

/// <summary><c>fettle db</c>: what is slow, what would help, what is healthy, and maintenance.</summary>
internal static class DbCommand
{
    public static Command Create()
    {
        var command = new Command("db", "Find slow statements, advise indexes and layouts, apply and undo them, explain, review, maintain.");
        command.Subcommands.Add(DbAdvice.Advise());
        command.Subcommands.Add(DbApply.Apply());
        command.Subcommands.Add(DbApply.Undo());
        command.Subcommands.Add(DbBench.Create());
        command.Subcommands.Add(DbAdvice.Slow());
        command.Subcommands.Add(DbAdvice.Plan());
        command.Subcommands.Add(DbInspection.Indexes());
        command.Subcommands.Add(DbInspection.Tables());
        command.Subcommands.Add(DbInspection.Pool());
        command.Subcommands.Add(DbInspection.Health("health", "One page: a grade for each concern and the next best step."));
        command.Subcommands.Add(DbInspection.Health("report", "The health page with the integrity check and the advice in full."));
        command.Subcommands.Add(DbMaintain.Create());
        return command;
    }
}

/// <summary>Options that the verbs of <c>fettle db</c> share.</summary>
internal sealed class DbOptions
{
    readonly Option<string> _database = new("--database") { Description = "sqlite:FILE or postgres:CONNECTION STRING", Required = true };
    readonly Option<string?> _workload = new("--workload") { Description = "What runs on it: a .sql file ('-- weight: N' before a statement), a fettle.queries/1 .json, or PostgreSQL's log (.log). Default on PostgreSQL: pg_stat_statements" };
    readonly Option<string?> _service = new("--service") { Description = "A running service's URL; its /fettle/queries is the workload (token in FETTLE_ADMIN_TOKEN)" };

    public Option<string?> Json { get; } = new("--json") { Description = "Write the result document to this file" };

    public DbOptions AddTo(Command command, bool workload)
    {
        command.Options.Add(_database);
        command.Options.Add(Json);
        if (workload)
        {
            command.Options.Add(_workload);
            command.Options.Add(_service);
        }

        return this;
    }

    public Database Open(ParseResult parse)
    {
        try
        {
            var address = DatabaseAddress.Parse(parse.GetValue(_database)!);
            if (address.Engine == DatabaseEngine.Sqlite && !File.Exists(address.Value))
            {
                throw new UserErrorException($"--database: the file '{address.Value}' does not exist");
            }

            // A visitor: it neither records itself nor adds its tables.
            return Database.Open(address, new DatabaseOptions { Recording = false, DataVersions = false, MaxConnections = 4, Burst = 0 });
        }
        catch (FormatException e)
        {
            throw new UserErrorException($"--database: {e.Message}", ExitCode.Usage);
        }
    }

    /// <summary>The workload asked for; empty when none was named and the engine keeps none.</summary>
    public async Task<IReadOnlyList<RecordedQuery>> WorkloadAsync(ParseResult parse, Database database, bool required, CancellationToken cancellation)
    {
        try
        {
            if (parse.GetValue(_service) is { } service)
            {
                return await FetchAsync(service, cancellation);
            }

            if (parse.GetValue(_workload) is { } file)
            {
                return Path.GetExtension(file).ToLowerInvariant() switch
                {
                    ".json" => RecordedQueryDocument.Parse(await File.ReadAllTextAsync(file, cancellation)).Queries,
                    ".log" => WorkloadReader.FromLog(File.ReadLines(file)),
                    _ => WorkloadReader.FromSql(await File.ReadAllTextAsync(file, cancellation), database.Engine),
                };
            }

            if (database.Engine == DatabaseEngine.Postgres)
            {
                return await WorkloadReader.FromStatisticsAsync(database, cancellation: cancellation);
            }
        }
        catch (Exception e) when (e is FormatException or IOException or InvalidOperationException or UnauthorizedAccessException && (required || parse.GetValue(_workload) is not null || parse.GetValue(_service) is not null))
        {
            throw new UserErrorException(e.Message);
        }
        catch (InvalidOperationException)
        {
            return [];
        }

        return required ? throw new UserErrorException("SQLite keeps no record of statements: give --workload FILE.sql or --service URL", ExitCode.Usage) : [];
    }

    static async Task<IReadOnlyList<RecordedQuery>> FetchAsync(string service, CancellationToken cancellation)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        if (Environment.GetEnvironmentVariable("FETTLE_ADMIN_TOKEN") is { Length: > 0 } token)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        try
        {
            using var answer = await client.GetAsync(service.TrimEnd('/') + "/fettle/queries", cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new UserErrorException($"--service: {service} answered {(int)answer.StatusCode}; is FETTLE_ADMIN_TOKEN set to the service's token?");
            }

            return RecordedQueryDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation)).Queries;
        }
        catch (Exception e) when (e is HttpRequestException or UriFormatException or InvalidOperationException)
        {
            throw new UserErrorException($"--service: {service} cannot be reached: {e.Message}");
        }
    }
}
