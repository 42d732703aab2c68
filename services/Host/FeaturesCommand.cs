using System.CommandLine;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary><c>fettle features</c>: the features of a service outside of it.</summary>
internal static class FeaturesCommand
{
    public static Command Create()
    {
        var command = new Command("features", "Extract or time the features of a service.");
        command.Subcommands.Add(CreateExtract());
        command.Subcommands.Add(FeatureBenchCommand.Create());
        return command;
    }

    static Command CreateExtract()
    {
        var database = new Option<string>("--database") { Description = "sqlite:FILE or postgres:CONNECTION.", Required = true };
        var output = new Option<string>("--out") { Description = "The file to write: with --date binary when it ends in .bin, else CSV.", Required = true };
        var labels = new Option<bool>("--labels") { Description = "One row per labelled announcement, with the label as last column." };
        var date = new Option<string?>("--date") { Description = "One row per active stock as of this date (yyyy-MM-dd)." };
        var command = new Command("extract", "Write the features of stocks as CSV, computed by the service's own code.") { database, output, labels, date };
        command.SetAction(async (parse, cancellation) =>
        {
            var asOf = Dates.ParseOption("--date", parse.GetValue(date));
            if (parse.GetValue(labels) == asOf.HasValue)
            {
                throw new UserErrorException("give either --labels or --date", ExitCode.Usage);
            }

            var path = parse.GetValue(output)!;
            await using var open = Database.Open(DatabaseTargets.ParseExisting(parse.GetValue(database)!));
            if (asOf is { } binaryDay && path.EndsWith(".bin", StringComparison.Ordinal))
            {
                return await WriteBinaryAsync(open, binaryDay, path, cancellation);
            }

            var extractor = new FeatureExtractor(open);
            var report = await UserErrors.FromDataAsync(async () =>
            {
                await using var csv = new StreamWriter(path);
                return asOf is { } day ? await extractor.AsOfAsync(csv, day, cancellation) : await extractor.LabelledAsync(csv, cancellation);
            });
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Rows:N0} rows, {report.Positive:N0} positive, {report.TooFewBars:N0} left out for fewer than {FeatureCalculator.LeastBars} bars"));
            return ExitCode.Ok;
        });
        return command;
    }

    static async Task<int> WriteBinaryAsync(Database database, DateOnly day, string path, CancellationToken cancellation)
    {
        var table = await UserErrors.FromDataAsync(async () =>
        {
            var packed = await MarketFeatures.HasPackedAsync(database, cancellation);
            var computed = (await MarketFeatures.LoadAsync(database, day, packed, cancellation)).Compute(day, Environment.ProcessorCount);
            await using var stream = new BufferedStream(File.Create(path), 1 << 16);
            computed.WriteBinary(stream, day);
            return computed;
        });
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{table.Computed:N0} rows, {table.Codes.Count - table.Computed:N0} left out for fewer than {FeatureCalculator.LeastBars} bars"));
        return ExitCode.Ok;
    }
}
