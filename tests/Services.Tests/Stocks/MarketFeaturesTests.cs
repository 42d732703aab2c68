using Fettle.Databases;
using Fettle.MarketData;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Sampling;

namespace Fettle.Services.Tests.Stocks;

/// <summary>The panel against the plain path, bit for bit, and both against the future.</summary>
public sealed class MarketFeaturesTests : IAsyncLifetime
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fettle-panel");
    Database _database = null!;
    DateOnly[] _dates = [];

    public async Task InitializeAsync()
    {
        var file = Path.Combine(_folder.FullName, "stocks.db");
        SampleWriter.Write(new SampleOptions { Stocks = 45, Days = 140, Seed = 7 }, calendar => new SqliteUniverseWriter(file, calendar), null, default);
        _database = Database.Open(DatabaseAddress.Parse("sqlite:" + file));
        var panel = await new PanelLoader(_database).LoadAsync();
        var days = Enumerable.Range(0, panel.Codes.Count).SelectMany(r => panel.Days(r).ToArray()).Distinct().Order().ToArray();
        _dates = [.. new[] { days[20], days[40], days[90], days[^1], days[^1] + 3 }.Select(DateOnly.FromDayNumber)];
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    async Task<Dictionary<string, StockHistory>> HistoriesAsync()
    {
        await using var connection = await _database.OpenReadAsync();
        return await new HistoryLoader(_database).LoadAllAsync(connection, null, default);
    }

    static long[] Bits(ReadOnlySpan<double> features) => [.. features.ToArray().Select(v => double.IsNaN(v) ? -1 : BitConverter.DoubleToInt64Bits(v))];

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 2)]
    public async Task Batch_OfEveryStock_EqualsThePlainPath(bool packed, int threads)
    {
        if (packed)
        {
            await new PackedSeriesTable(_database).RebuildAsync();
        }

        var histories = await HistoriesAsync();
        var panel = await MarketFeatures.LoadAsync(_database, null, packed, default);
        var computed = 0;
        foreach (var date in _dates)
        {
            var table = panel.Compute(date, threads);
            var (plain, single) = (new double[FeatureNames.Count], new double[FeatureNames.Count]);
            for (var row = 0; row < table.Codes.Count; row++)
            {
                var has = FeatureCalculator.TryCompute(histories[table.Codes[row]], date, plain);
                table.Has(row).ShouldBe(has);
                panel.TryCompute(row, date, single).ShouldBe(has);
                if (has)
                {
                    computed++;
                    Bits(table[row]).ShouldBe(Bits(plain), $"{table.Codes[row]} on {date}");
                    Bits(single).ShouldBe(Bits(plain));
                }
            }
        }

        computed.ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task Features_WhenTheFutureChanges_StayTheSame()
    {
        var date = _dates[2];
        var before = (await MarketFeatures.LoadAsync(_database, null, false, default)).Compute(date, 1);
        var untilOnly = (await MarketFeatures.LoadAsync(_database, date, false, default)).Compute(date, 1);
        await using (var connection = await _database.OpenWriteAsync())
        {
            foreach (var change in new[]
            {
                $"UPDATE price_movements SET close = close * 1.7, volume = volume * 9 + 1 WHERE date > '{date:yyyy-MM-dd}'",
                $"UPDATE historical_financials SET revenue_cr = revenue_cr * 3, pat_cr = 1, npm = 2, equity_cr = 5 WHERE announced_on > '{date:yyyy-MM-dd}'",
                $"UPDATE news SET score = -score WHERE published_at >= '{date.AddDays(1):yyyy-MM-dd}'",
            })
            {
                await using var command = connection.CreateCommand();
                command.CommandText = change;
                (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0, change);
            }
        }

        var after = (await MarketFeatures.LoadAsync(_database, null, false, default)).Compute(date, 1);
        before.Computed.ShouldBeGreaterThan(20);
        for (var row = 0; row < before.Codes.Count; row++)
        {
            Bits(after[row]).ShouldBe(Bits(before[row]), before.Codes[row]);
            Bits(untilOnly[row]).ShouldBe(Bits(before[row]), before.Codes[row]);
        }
    }

    [Fact]
    public async Task Csv_OfATable_ReadsBackToTheSameBits()
    {
        var table = (await MarketFeatures.LoadAsync(_database, null, false, default)).Compute(_dates[3], 1);
        var text = new StringWriter();
        table.WriteCsv(text, _dates[3]);
        var lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(table.Computed + 1);
        lines[0].ShouldBe("bse_code,date," + string.Join(',', FeatureNames.All));
        var at = 1;
        for (var row = 0; row < table.Codes.Count; row++)
        {
            if (table.Has(row))
            {
                var fields = lines[at++].Split(',');
                fields[0].ShouldBe(table.Codes[row]);
                Bits([.. fields[2..].Select(f => f.Length == 0 ? double.NaN : double.Parse(f, System.Globalization.CultureInfo.InvariantCulture))]).ShouldBe(Bits(table[row]));
            }
        }
    }
}
