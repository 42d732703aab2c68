using System.CommandLine;
using Fettle.Databases;
using Fettle.Services.Stocks.Importing;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary><c>fettle import prices FOLDER</c>: daily bars from CSV files into the stocks database.</summary>
internal static class ImportCommand
{
    const int RejectedShown = 20;

    public static Command Create()
    {
        var command = new Command("import", "Import real data into a service's database.");
        command.Subcommands.Add(CreatePrices());
        return command;
    }

    static Command CreatePrices()
    {
        var folder = new Argument<string>("folder") { Description = "A folder with one SYMBOL.csv per stock: timestamp, open, high, low, close, volume." };
        var database = new Option<string>("--database") { Description = "sqlite:FILE (made when missing) or postgres:CONNECTION.", Required = true };
        var companies = new Option<string?>("--companies") { Description = "A CSV with Company Name, Industry, Symbol, ISIN Code, for the names of new stocks." };
        var command = new Command("prices", "Daily bars; a second run changes nothing.") { folder, database, companies };
        command.SetAction(async (parse, cancellation) =>
        {
            var path = parse.GetValue(folder)!;
            if (!Directory.Exists(path))
            {
                throw new UserErrorException($"the folder {path} does not exist");
            }

            var names = parse.GetValue(companies) is { } file ? UserErrors.FromData(() => ReadCompanies(file)) : [];
            await using var open = Database.Open(DatabaseTargets.Parse(parse.GetValue(database)!));
            var count = Directory.EnumerateFiles(path, "*.csv").Count();
            var report = await Progress.RunAsync("files", Math.Max(1, count), progress =>
                UserErrors.FromDataAsync(() => new PriceImporter(open).ImportAsync(path, names, progress, cancellation)));
            foreach (var row in report.Rejected.Take(RejectedShown))
            {
                Console.Error.WriteLine(row);
            }

            if (report.Rejected.Count > RejectedShown)
            {
                Console.Error.WriteLine($"… and {report.Rejected.Count - RejectedShown:N0} more");
            }

            Console.Out.WriteLine($"{report.Files:N0} files: {report.NewStocks:N0} new stocks, {report.Inserted:N0} bars inserted, {report.Updated:N0} updated, {report.Unchanged:N0} unchanged, {report.Rejected.Count:N0} rows rejected");
            return ExitCode.Ok;
        });
        return command;
    }

    static Dictionary<string, CompanyInfo> ReadCompanies(string file)
    {
        using var reader = new StreamReader(file);
        return CompanyInfo.ReadAll(reader, file);
    }
}
