using System.Diagnostics;
using System.Globalization;
using Fettle.Databases;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Models;
using Fettle.Services.Stocks.Predictions;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.BatchRuns;

/// <summary>
/// The nightly run: (1) one scan per table, or the packed series, loads the market; (2) the features of all stocks are computed in one batch; (3) chunk
/// after chunk, probabilities are computed and written with the counters of the run; (4) the results become a CSV file. A run that was cut off goes on behind its last chunk.
/// </summary>
internal sealed class BatchRunner(Database database, string runsFolder, TimeProvider time)
{
    const int ChunkSize = 500;
    const int TopCount = 20;

    readonly BatchRunTable _table = new(database);

    /// <summary>A new run, or the unfinished one of the same date, model and codes.</summary>
    public async Task<(BatchRun Run, bool Resumed)> BeginAsync(DateOnly date, string modelVersion, IReadOnlyList<string>? codes, CancellationToken cancellation)
    {
        var sorted = codes is null ? null : (IReadOnlyList<string>)[.. codes.Distinct().Order(StringComparer.Ordinal)];
        if (await _table.FindUnfinishedAsync(date, modelVersion, sorted, cancellation) is { } unfinished)
        {
            return (unfinished, true);
        }

        var run = new BatchRun
        {
            RunId = Guid.NewGuid().ToString("N"),
            Date = date,
            ModelVersion = modelVersion,
            Codes = sorted,
            Status = BatchRun.Queued,
            StartedAt = time.GetUtcNow(),
        };
        await _table.CreateAsync(run, cancellation);
        return (run, false);
    }

    /// <summary>Scores what the run has not dealt with yet. <paramref name="progress"/> hears (done, total).</summary>
    public async Task<BatchRunReport> RunAsync(BatchRun run, bool resumed, ServingModel model, Action<int, int>? progress, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        await StaticFeatures.EnsureAsync(database, run.Date, cancellation);
        var market = await MarketFeatures.LoadAsync(database, run.Date, await new PackedPrices(database).IsCurrentAsync(cancellation), cancellation);
        var loading = time.GetElapsedTime(started);
        var table = market.Compute(run.Date, Environment.ProcessorCount);
        var codes = run.Codes ?? [.. market.Histories.Values.Where(h => h.Stock.Status == "active").Select(h => h.Stock.BseCode).Order(StringComparer.Ordinal)];
        var (scored, skipped) = await _table.DoneAsync(run, cancellation);
        var before = codes.Count(c => scored.Contains(c) || skipped.Contains(c));
        run = run with { Status = BatchRun.Running, Total = codes.Count, Scored = codes.Count(scored.Contains), Skipped = codes.Count(skipped.Contains) };
        foreach (var chunk in codes.Where(c => !scored.Contains(c) && !skipped.Contains(c)).Chunk(ChunkSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var (good, bad) = Score(chunk, market, table, run.Date, model);
            run = run with { Scored = run.Scored + good.Count, Skipped = run.Skipped + bad.Count };
            await _table.WriteChunkAsync(run, good, bad, cancellation);
            progress?.Invoke(run.Scored + run.Skipped, run.Total);
        }

        var ranked = await RankAsync(run, codes, market.Histories, cancellation);
        run = run with { Status = BatchRun.Completed, FinishedAt = time.GetUtcNow(), CsvPath = WriteCsv(run, ranked) };
        await _table.UpdateAsync(run, cancellation);
        return new BatchRunReport
        {
            Run = run,
            Resumed = resumed,
            ScoredBefore = before,
            SkippedByReason = await _table.SkippedByReasonAsync(run.RunId, cancellation),
            Top = [.. ranked.Take(TopCount)],
            Loading = loading,
            Elapsed = time.GetElapsedTime(started),
            CpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds,
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
        };
    }

    static (List<(string, double)> Scored, List<SkippedStock> Skipped) Score(
        string[] codes, MarketFeatures market, FeatureTable table, DateOnly date, ServingModel model)
    {
        var scored = new List<(string, double)>(codes.Length);
        var skipped = new List<SkippedStock>();
        foreach (var code in codes)
        {
            if (!market.Histories.ContainsKey(code))
            {
                skipped.Add(new SkippedStock(code, "unknown-stock", $"no stock '{code}' is known"));
            }
            else if (!table.TryFind(code, out var row))
            {
                skipped.Add(new SkippedStock(code, "not-enough-history", $"{market.BarsUpTo(code, date)} of {FeatureCalculator.LeastBars} bars"));
            }
            else
            {
                scored.Add((code, Scorer.Probability(model, table[row])));
            }
        }

        return (scored, skipped);
    }

    async Task<List<RankedPrediction>> RankAsync(BatchRun run, IReadOnlyList<string> codes, IReadOnlyDictionary<string, StockHistory> histories, CancellationToken cancellation)
    {
        var mine = codes.ToHashSet(StringComparer.Ordinal);
        var rows = await _table.RankedAsync(run, cancellation);
        return [.. rows.Where(r => mine.Contains(r.Code) && histories.ContainsKey(r.Code)).Select(r =>
        {
            var stock = histories[r.Code].Stock;
            return new RankedPrediction(r.Code, stock.NseSymbol, stock.CompanyName, stock.Industry, r.Probability, Confidence.Of(r.Probability));
        })];
    }

    string WriteCsv(BatchRun run, List<RankedPrediction> ranked)
    {
        Directory.CreateDirectory(runsFolder);
        var path = Path.Combine(runsFolder, $"{DatabaseValues.Iso(run.Date)}-{run.RunId}.csv");
        using (var csv = new StreamWriter(path + ".tmp"))
        {
            csv.WriteLine("bse_code,nse_symbol,company_name,industry,prediction_date,model_version,predicted_label,probability,confidence");
            foreach (var r in ranked)
            {
                csv.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{r.BseCode},{r.NseSymbol},{Quote(r.CompanyName)},{Quote(r.Industry)},{DatabaseValues.Iso(run.Date)},{run.ModelVersion},{(r.Probability >= 0.5 ? 1 : 0)},{r.Probability:R},{r.Confidence}"));
            }
        }

        File.Move(path + ".tmp", path, overwrite: true);
        return path;
    }

    static string Quote(string? text) => text is null ? "" : text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"";
}
