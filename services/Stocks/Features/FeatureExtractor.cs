using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Features;

/// <summary>What was extracted and what could not be.</summary>
internal sealed record ExtractReport(int Rows, int Positive, int TooFewBars, string DataVersion);

/// <summary>
/// Writes feature rows as CSV with the code that serves predictions, so that a model is trained on what it will see.
/// With labels: one row per labelled announcement, as of its date. Without: one row per active stock as of one date.
/// </summary>
internal sealed class FeatureExtractor(Database database)
{
    const string Active = "active";

    public async Task<ExtractReport> LabelledAsync(TextWriter csv, CancellationToken cancellation)
    {
        var (histories, labels) = await LoadAsync(cancellation);
        csv.WriteLine("bse_code,date," + string.Join(',', FeatureNames.All) + ",label");
        var (rows, positive, few) = (0, 0, 0);
        foreach (var (code, day, label) in labels.Where(l => histories.ContainsKey(l.Code)))
        {
            if (!Write(csv, histories[code], DateOnly.FromDayNumber(day), label.ToString(CultureInfo.InvariantCulture)))
            {
                few++;
                continue;
            }

            rows++;
            positive += label;
        }

        return new ExtractReport(rows, positive, few, Stamp());
    }

    public async Task<ExtractReport> AsOfAsync(TextWriter csv, DateOnly date, CancellationToken cancellation)
    {
        var (table, active) = await TableAsync(date, cancellation);
        table.WriteCsv(csv, date);
        return new ExtractReport(table.Computed, 0, active - table.Computed, Stamp());
    }

    /// <summary>The same rows in the form of <see cref="FeatureTable.WriteBinary"/>.</summary>
    public async Task<ExtractReport> AsOfAsync(Stream binary, DateOnly date, CancellationToken cancellation)
    {
        var (table, active) = await TableAsync(date, cancellation);
        table.WriteBinary(binary, date);
        return new ExtractReport(table.Computed, 0, active - table.Computed, Stamp());
    }

    async Task<(FeatureTable Table, int Active)> TableAsync(DateOnly date, CancellationToken cancellation)
    {
        var market = await MarketFeatures.LoadAsync(database, date, await new PackedPrices(database).IsCurrentAsync(cancellation), cancellation);
        return (market.Compute(date, Environment.ProcessorCount, s => s.Status == Active), market.Histories.Values.Count(h => h.Stock.Status == Active));
    }

    async Task<(Dictionary<string, StockHistory>, List<(string Code, int Day, int Label)>)> LoadAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenReadAsync(cancellation);
        var histories = await new HistoryLoader(database).LoadAllAsync(connection, null, cancellation);
        var labels = new List<(string, int, int)>();
        await using var command = connection.Command($"SELECT bse_code, earnings_date, label FROM {StocksSchema.Labels} ORDER BY earnings_date, bse_code");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            labels.Add((reader.GetString(0), DatabaseValues.Day(reader, 1, database.Engine), reader.GetInt32(2)));
        }

        return (histories, labels);
    }

    string Stamp() => database.Versions.Stamp(StocksSchema.FeatureInputs);

    static bool Write(TextWriter csv, StockHistory history, DateOnly date, string? label)
    {
        Span<double> features = stackalloc double[FeatureNames.Count];
        if (!FeatureCalculator.TryCompute(history, date, features))
        {
            return false;
        }

        var line = new StringBuilder(512).Append(history.Stock.BseCode).Append(',').Append(DatabaseValues.Iso(date));
        foreach (var value in features)
        {
            line.Append(',');
            if (!double.IsNaN(value))
            {
                line.Append(CultureInfo.InvariantCulture, $"{value:R}");
            }
        }

        if (label is not null)
        {
            line.Append(',').Append(label);
        }

        csv.WriteLine(line);
        return true;
    }
}
