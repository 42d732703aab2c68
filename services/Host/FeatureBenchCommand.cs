using System.CommandLine;
using System.Globalization;
using Fettle.Databases;
using Fettle.Shared.Results;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary><c>fettle features bench</c>: what computing the market as a batch saves.</summary>
internal static class FeatureBenchCommand
{
    public static Command Create()
    {
        var database = new Option<string>("--database") { Description = "sqlite:FILE or postgres:CONNECTION.", Required = true };
        var date = new Option<string>("--date") { Description = "The day whose end is the present, yyyy-MM-dd.", Required = true };
        var threads = new Option<int>("--threads") { Description = "Threads to compute with.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var sample = new Option<int>("--sample") { Description = "Stocks that the plain path loads one by one; its time for all is extrapolated.", DefaultValueFactory = _ => 20 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds of the computations; the median counts.", DefaultValueFactory = _ => 5 };
        var json = new Option<string?>("--json") { Description = "Also write the result document here." };
        var command = new Command("bench", "Time the features: stock by stock against the whole market at once, in one run.") { database, date, threads, sample, rounds, json };
        command.SetAction(async (parse, cancellation) =>
        {
            var bench = (Threads: Positive("--threads", parse.GetValue(threads)), Sample: Positive("--sample", parse.GetValue(sample)), Rounds: Positive("--rounds", parse.GetValue(rounds)));
            var day = Dates.ParseOption("--date", parse.GetValue(date))!.Value;
            var given = parse.GetValue(database)!;
            await using var source = Database.Open(DatabaseTargets.ParseExisting(given));
            string[] line = ["fettle", .. parse.Tokens.Select(t => t.Value == given ? source.Address.ToString() : t.Value)];
            var result = await UserErrors.FromDataAsync(() => new FeatureBench(source, day, bench.Threads, bench.Sample, bench.Rounds, line).RunAsync(cancellation));
            result.Tables.ForEach(Print);
            if (parse.GetValue(json) is { } path)
            {
                result.Save(path);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    static int Positive(string name, int value) => value is >= 1 and <= 100_000
        ? value
        : throw new UserErrorException(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; allowed are 1 to 100,000"), ExitCode.Usage);

    static void Print(ResultTable table)
    {
        Console.Out.WriteLine(table.Title);
        var widths = table.Columns.Select((c, i) => Math.Max(c.Length, table.Rows.Max(r => r[i].Length))).ToArray();
        foreach (var row in table.Rows.Prepend(table.Columns))
        {
            Console.Out.WriteLine(string.Join("  ", row.Select((c, i) => i == 0 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))));
        }

        if (table.Note is not null)
        {
            Console.Out.WriteLine(table.Note);
        }
    }
}
