using System.Diagnostics;
using Fettle.Forests;
using Fettle.Services.Stocks.Browsing;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;

namespace Fettle.Services.Stocks.Models;

/// <summary>
/// Times the serving model on features of the service's own stocks, plainly walked and compiled, by batch size, and compares it with its
/// quantised forms. It takes about half a second of one core, so it is an admin's to ask for.
/// </summary>
internal sealed class ModelMeasurement(ServingModels models, StockCatalog catalog, FeatureStore features)
{
    const int MostStocks = 200;
    static readonly TimeSpan PerFigure = TimeSpan.FromMilliseconds(25);
    static readonly int[] Batches = [1, 8, 64, 512, 4096];

    readonly SemaphoreSlim _one = new(1, 1);

    /// <returns>The measurement, or null without a model or without a stock that has features.</returns>
    public async Task<ModelMeasured?> MeasureAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (models.Current(compiled: false) is not { } plain || models.Current(compiled: true) is not { } compiled || await RowsAsync(cancellation) is not { Length: > 0 } rows)
            {
                return null;
            }

            return await Task.Run(
                () => new ModelMeasured(
                    plain.Version, rows.Length,
                    [.. Batches.Select(batch => Time(plain.Forest, compiled.Forest, Tile(rows, batch), batch))],
                    [.. Enum.GetValues<LeafPrecision>().Select(leaves => Compare(plain.Forest, leaves, rows))]),
                cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    async Task<double[][]> RowsAsync(CancellationToken cancellation)
    {
        var found = await catalog.SearchAsync("", MostStocks, cancellation);
        DateOnly? last = null;
        foreach (var stock in found.Stocks)
        {
            if (await catalog.PricesAsync(stock.BseCode, 1, cancellation) is { Dates: [var date] })
            {
                last = DateOnly.ParseExact(date, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
                break;
            }
        }

        if (last is not { } day)
        {
            return [];
        }

        var outcomes = await features.GetManyAsync([.. found.Stocks.Select(s => new PredictQuery(s.BseCode, null, day, false, false))], cancellation);
        return [.. outcomes.Select(o => o.Features?.Values).OfType<double[]>()];
    }

    static BatchLatency Time(Forest plain, Forest compiled, double[] rows, int batch) => new(batch, Microseconds(plain, rows, batch), Microseconds(compiled, rows, batch));

    /// <summary>The median of repeated passes: one that the scheduler interrupts does not count.</summary>
    static double Microseconds(Forest forest, double[] rows, int batch)
    {
        var outputs = new double[batch * forest.OutputCount];
        forest.Predict(rows, batch, outputs);
        var times = new List<double>();
        var begun = Stopwatch.GetTimestamp();
        while (times.Count < 3 || Stopwatch.GetElapsedTime(begun) < PerFigure)
        {
            var start = Stopwatch.GetTimestamp();
            forest.Predict(rows, batch, outputs);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        times.Sort();
        return Math.Round(times[times.Count / 2], 3);
    }

    static QuantisedForm Compare(Forest plain, LeafPrecision leaves, double[][] rows)
    {
        var bytes = plain.ToBinary(leaves, keepStatistics: false);
        var form = Forest.Load(bytes, leaves.ToString(), new ForestOptions { Kernel = ForestKernel.Plain });
        var report = QuantizationReport.Compare(plain, form, [.. rows.SelectMany(r => r).Select(v => (float)v)], rows.Length, []);
        return new QuantisedForm(
            leaves.ToString().ToLowerInvariant(), bytes.Length, Math.Round(100.0 * report.SameBits / report.Rows, 2), report.HasClasses ? Math.Round(100 * report.LabelAgreement, 2) : null, report.LargestDifference);
    }

    static double[] Tile(double[][] rows, int batch) => [.. Enumerable.Range(0, batch).SelectMany(i => rows[i % rows.Length])];
}

/// <summary>The body of <c>POST /api/v1/models/measure</c>.</summary>
internal sealed record ModelMeasured(string Version, int Rows, IReadOnlyList<BatchLatency> Batches, IReadOnlyList<QuantisedForm> Forms);

/// <summary>Microseconds of one pass over a batch.</summary>
internal sealed record BatchLatency(int Rows, double PlainUs, double CompiledUs);

/// <summary>How a form with smaller leaves agrees with the model: rows with equal bits and, where outputs are classes, with the same label in percent.</summary>
internal sealed record QuantisedForm(string Leaves, int Bytes, double SameBitsPercent, double? SameLabelPercent, double LargestDifference);
