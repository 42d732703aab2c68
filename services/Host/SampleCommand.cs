using System.CommandLine;
using Fettle.Databases;
using Fettle.Services.Stocks.Sampling;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary><c>fettle sample stocks</c>: writes a generated universe into a new database.</summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var command = new Command("sample", "Write a sample universe into a database.");
        command.Subcommands.Add(CreateStocks());
        return command;
    }

    static Command CreateStocks()
    {
        var stocks = new Option<int>("--stocks") { Description = "Number of stocks, 1–14,000.", DefaultValueFactory = _ => 11_000 };
        var days = new Option<int>("--days") { Description = "Trading bars per stock, 40–5,000.", DefaultValueFactory = _ => 365 };
        var seed = new Option<long>("--seed") { Description = "Seed; the same seed gives the same content.", DefaultValueFactory = _ => 1 };
        var output = new Option<string?>("--out") { Description = "The SQLite file to write." };
        var database = new Option<string?>("--database") { Description = "Instead of --out: sqlite:FILE or postgres:CONNECTION (an empty database)." };
        var force = new Option<bool>("--force") { Description = "Replace the file when it exists." };
        var command = new Command("stocks", "A universe of stocks: bars, financials, news, announcements, labels.") { stocks, days, seed, output, database, force };
        command.SetAction((parse, cancellation) =>
        {
            var options = UserErrors.FromSettings(() => new SampleOptions { Stocks = parse.GetValue(stocks), Days = parse.GetValue(days), Seed = parse.GetValue(seed) });
            var address = Target(parse.GetValue(output), parse.GetValue(database));
            var file = address.Engine == DatabaseEngine.Sqlite ? address.Value : null;
            if (file is not null && File.Exists(file) && !parse.GetValue(force))
            {
                throw new UserErrorException($"--out {file} exists; give another name or --force to replace it");
            }

            var report = Progress.Run("stocks", options.Stocks, progress => UserErrors.FromData(() => SampleWriter.Write(
                options,
                calendar => file is not null ? new SqliteUniverseWriter(file, calendar) : new PostgresUniverseWriter(address.Value, calendar),
                progress,
                cancellation)));
            Print(address, report);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static DatabaseAddress Target(string? file, string? database) => (file, database) switch
    {
        (not null, null) => DatabaseTargets.Parse("sqlite:" + file),
        (null, not null) => DatabaseTargets.Parse(database),
        (null, null) => throw new UserErrorException("--out is missing; give the file to write, such as --out stocks.db", ExitCode.Usage),
        _ => throw new UserErrorException("--out and --database exclude each other; give one of them", ExitCode.Usage),
    };

    static void Print(DatabaseAddress address, SampleReport report)
    {
        Console.Out.WriteLine($"database      {address}");
        Console.Out.WriteLine($"stocks        {report.Stocks:N0}");
        Console.Out.WriteLine($"bars          {report.Bars:N0}");
        Console.Out.WriteLine($"quarters      {report.Quarters:N0}");
        Console.Out.WriteLine($"news          {report.News:N0}");
        Console.Out.WriteLine($"labels        {report.Labels:N0} ({report.PositiveLabels:N0} positive)");
        Console.Out.WriteLine($"content hash  {report.ContentHash}");
        Console.Out.WriteLine($"seconds       {report.Elapsed.TotalSeconds:F1}");
    }
}
