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
        command.Subcommands.Add(CreatePack());
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
            var extractor = new FeatureExtractor(open);
            var report = await UserErrors.FromDataAsync(() => WriteAsync(extractor, path, asOf, cancellation));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Rows:N0} rows, {report.Positive:N0} positive, {report.TooFewBars:N0} left out for fewer than {FeatureCalculator.LeastBars} bars"));
            return ExitCode.Ok;
        });
        return command;
    }

    static async Task<ExtractReport> WriteAsync(FeatureExtractor extractor, string path, DateOnly? asOf, CancellationToken cancellation)
    {
        if (asOf is { } day && path.EndsWith(".bin", StringComparison.Ordinal))
        {
            await using var binary = new BufferedStream(File.Create(path), 1 << 16);
            return await extractor.AsOfAsync(binary, day, cancellation);
        }

        await using var csv = new StreamWriter(path);
        return asOf is { } date ? await extractor.AsOfAsync(csv, date, cancellation) : await extractor.LabelledAsync(csv, cancellation);
    }

    static Command CreatePack()
    {
        var database = new Option<string>("--database") { Description = "sqlite:FILE or postgres:CONNECTION.", Required = true };
        var drop = new Option<bool>("--drop") { Description = "Remove the packed rows instead." };
        var command = new Command("pack", "Write one row per stock with all its bars, from which the market loads faster.") { database, drop };
        command.SetAction(async (parse, cancellation) =>
        {
            await using var open = Database.Open(DatabaseTargets.ParseExisting(parse.GetValue(database)!));
            var packed = new PackedPrices(open);
            if (parse.GetValue(drop))
            {
                await UserErrors.FromDataAsync(async () =>
                {
                    await packed.DropAsync(cancellation);
                    return 0;
                });
                Console.Out.WriteLine("packed rows removed");
                return ExitCode.Ok;
            }

            var stocks = await UserErrors.FromDataAsync(() => packed.MakeAsync(cancellation));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stocks:N0} stocks packed"));
            return ExitCode.Ok;
        });
        return command;
    }
}
