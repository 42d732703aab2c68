using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>What was written, and the hash that says two universes are the same.</summary>
internal sealed record SampleReport(int Stocks, long Bars, long Quarters, long News, long Labels, long PositiveLabels, string ContentHash, TimeSpan Elapsed);

/// <summary>Generates on one thread and inserts on the caller's: the two halves cost about the same.</summary>
internal static class SampleWriter
{
    public static SampleReport Write(SampleOptions options, Func<DateOnly[], IUniverseWriter> open, IProgress<int>? progress, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var generator = new UniverseGenerator(options);
        using var writer = open(generator.Days);
        using var hash = new ContentHash();
        using var ready = new BlockingCollection<SampledStock>(64);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var generating = Task.Run(() => Generate(generator, options.Stocks, hash, ready, stop.Token), CancellationToken.None);
        long bars = 0, quarters = 0, news = 0, labels = 0, positive = 0;
        var written = 0;
        try
        {
            foreach (var stock in ready.GetConsumingEnumerable(cancellation))
            {
                writer.Write(stock);
                bars += stock.Bars.Count;
                quarters += stock.Quarters.Count;
                news += stock.News.Count;
                labels += stock.Labels.Count;
                positive += stock.Labels.Sum(l => l.Label);
                progress?.Report(++written);
            }
        }
        finally
        {
            stop.Cancel();
            try
            {
                generating.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                // The reader stopped early; its own exception is the one to show.
            }
        }

        writer.Complete();
        return new SampleReport(options.Stocks, bars, quarters, news, labels, positive, hash.Finish(), Stopwatch.GetElapsedTime(started));
    }

    static void Generate(UniverseGenerator generator, int count, ContentHash hash, BlockingCollection<SampledStock> ready, CancellationToken cancellation)
    {
        try
        {
            for (var number = 0; number < count; number++)
            {
                var stock = generator.Stock(number);
                hash.Add(stock);
                ready.Add(stock, cancellation);
            }
        }
        finally
        {
            ready.CompleteAdding();
        }
    }
}
