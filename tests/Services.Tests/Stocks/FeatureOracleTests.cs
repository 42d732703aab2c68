using System.Diagnostics;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Importing;
using Fettle.Services.Stocks.Schema;
using Fettle.Testing;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The features against a recomputation with pandas that shares no code with the service.</summary>
[Trait("Category", "Slow")]
public sealed class FeatureOracleTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-oracle-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [RequiresPandasFact]
    public async Task GeneratedStocks_AgreeWithPandas()
    {
        var file = Path.Combine(_folder, "s.db");
        StocksHost.Write(file, 30, 200);
        await CompareAsync(file, [new(2025, 9, 30), new(2025, 8, 9), new(2025, 5, 2)], 10);
    }

    [RequiresPandasFact("prices", "nifty50")]
    public async Task NiftyStocks_AgreeWithPandas()
    {
        var file = Path.Combine(_folder, "n.db");
        var prices = Directory.CreateDirectory(Path.Combine(_folder, "prices")).FullName;
        foreach (var source in Directory.GetFiles(SharedData.PathOf("prices", "nifty50"), "*.csv").Order(StringComparer.Ordinal).Where((_, i) => i % 7 == 0))
        {
            File.Copy(source, Path.Combine(prices, Path.GetFileName(source)));
        }

        await using (var database = Database.Open(DatabaseAddress.Parse("sqlite:" + file)))
        {
            await new PriceImporter(database).ImportAsync(prices, new Dictionary<string, CompanyInfo>(), null, default);
        }

        await CompareAsync(file, [new(2025, 9, 30)], 10);
    }

    static async Task CompareAsync(string file, DateOnly[] dates, int stocks)
    {
        var mine = new List<(string Code, DateOnly Date, double[] Values)>();
        await using (var database = Database.Open(DatabaseAddress.Parse("sqlite:" + file)))
        {
            await using var connection = await database.OpenReadAsync();
            var histories = await new HistoryLoader(database).LoadAllAsync(connection, null, default);
            foreach (var history in histories.Values.OrderBy(h => h.Stock.BseCode).Take(stocks))
            {
                foreach (var date in dates)
                {
                    var values = new double[FeatureNames.Count];
                    if (FeatureCalculator.TryCompute(history, date, values))
                    {
                        mine.Add((history.Stock.BseCode, date, values));
                    }
                }
            }
        }

        mine.Count.ShouldBeGreaterThan(5);
        var theirs = Recompute(file, mine.Select(m => $"{m.Code} {DatabaseValues.Iso(m.Date)}"));
        theirs.Length.ShouldBe(mine.Count);
        for (var row = 0; row < theirs.Length; row++)
        {
            for (var f = 0; f < FeatureNames.Count; f++)
            {
                var (a, b) = (mine[row].Values[f], theirs[row][f]);
                var place = $"{mine[row].Code} {mine[row].Date} {FeatureNames.All[f]}: {a:R} and {b:R}";
                double.IsNaN(a).ShouldBe(double.IsNaN(b), place);
                if (!double.IsNaN(a))
                {
                    // An exact 0 on one side and rounding noise on the other have no relative difference.
                    Math.Abs(a - b).ShouldBeLessThanOrEqualTo(Math.Max(1e-12, 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b))), place);
                }
            }
        }
    }

    static double[][] Recompute(string file, IEnumerable<string> lines)
    {
        var start = new ProcessStartInfo(Python.With("pandas")!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Programs.RepositoryFile("tests/Services.Tests/recompute.py"));
        start.ArgumentList.Add(file);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(string.Join('\n', lines) + "\n");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, error.Result);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => Array.ConvertAll(l.Split(','), v => v == "nan" ? double.NaN : double.Parse(v, CultureInfo.InvariantCulture)))];
    }
}

/// <summary>Skips without a python3 that has pandas, or without the named shared data.</summary>
public sealed class RequiresPandasFactAttribute(params string[] data) : RequiresFactAttribute(
    data.Length > 0 && !SharedData.Has(data) ? $"shared/data/{string.Join('/', data)}"
    : Python.With("pandas") is null ? "python3 with pandas (python3-pandas)" : null);
