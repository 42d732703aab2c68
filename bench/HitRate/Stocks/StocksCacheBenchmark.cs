using System.Globalization;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.HitRate;

/// <summary>
/// Stocks under its mix with its cache bounded to a tenth of the keys: hit rates beside the optimal policy's, what hits, misses and
/// checks cost, and the load that the caches take off the service.
/// </summary>
internal sealed class StocksCacheBenchmark : IBenchmark
{
    const int Users = 4;

    /// <summary>Stocks asked for before hits are counted, in entries of the cache.</summary>
    const int WarmUp = 15;
    static readonly string[] Base = ["connection-pooling", "batched-loading"];

    public string Name => "stocks-cache";

    public string Summary => "Stocks under its Zipf mix, cache a tenth of the keys: hit rates and the optimum's, cost of hit and miss, load with cache off, memory, memory + Redis";

    /// <param name="result">Filled.</param>
    /// <param name="arguments">The sample's file, made when it is missing (default a temporary one); seconds of each run (default 6); stocks (default 11,000).</param>
    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var file = arguments.Length > 0 ? Path.GetFullPath(arguments[0]) : Path.Combine(Directory.CreateTempSubdirectory("fettle-bench-").FullName, "stocks.db");
        var seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 6;
        await StocksProcess.PrepareAsync(file, arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 11_000, 120);
        var (codes, date) = await StocksProcess.ReadAsync(file);
        var entries = codes.Length / 10;
        var rates = new ResultTable(
            $"Hit rate in percent after warm-up, {codes.Length:N0} stocks by Zipf's law (s = 1), {entries:N0} entries a category",
            ["what is cached", "category", "requests of stocks", "memory", "both tiers", "optimal policy", "most popular tenth"],
            [],
            "Optimal: Belady's, which knows the future, on the same requests. Most popular tenth: the share of its requests, which no policy that does not know the future beats in the long run. Behind the prediction cache, features are asked for only what it misses.");
        var load = new ResultTable(
            $"Stocks under load, {Users} users without think time, 70 % single predictions, 30 % batches of ten",
            ["cache", "requests/s", "p50 ms", "p95 ms", "service CPU ms a request", "predictions from memory %", "from either tier %"],
            [],
            "Database SQLite with the tuner's indexes; connection pooling and batched loading are on in every row. The generator shares the machine's cores.");
        await using (var server = await RedisServer.StartAsync("--appendonly", "no"))
        {
            var redis = string.Create(CultureInfo.InvariantCulture, $"redis://fettle:fettle-change-me@127.0.0.1:{server.Port}");
            await LoadAsync(rates, load, "off", file, codes, date, entries, seconds, null, []);
            await LoadAsync(rates, null, "features", file, codes, date, entries, seconds, null, ["feature-cache"]);
            await LoadAsync(rates, null, "predictions", file, codes, date, entries, seconds, null, ["prediction-cache"]);
            await LoadAsync(rates, load, "memory", file, codes, date, entries, seconds, null, ["feature-cache", "prediction-cache"]);
            await LoadAsync(rates, load, "memory + Redis", file, codes, date, entries, seconds, redis, ["feature-cache", "prediction-cache"]);
            result.Tables.Add(rates);
            result.Tables.Add(await CostAsync(file, codes, date, redis));
        }

        result.Tables.Add(load);
        result.Tables.Add(await WarmingAsync(file, codes, date, seconds));
        result.Tables.Add(BySize(codes, date));
    }

    /// <summary>What other bounds would give: the memory tier alone on single requests by the same law.</summary>
    static ResultTable BySize(string[] codes, string date)
    {
        const int Requests = 400_000;
        var mix = new StocksMix(codes, date, 5);
        while (mix.Trace.Count < Requests)
        {
            mix.Next();
        }

        var trace = mix.Trace.ToArray();
        var table = new ResultTable(
            $"Hit rate in percent by size, the memory tier on {Requests:N0} requests of the same mix, of which the second half is counted",
            ["share of the keys", "entries", "Fettle", "optimal policy", "most popular ones"],
            [],
            "Optimal: Belady's, which knows the future. Most popular ones: the share of their requests.");
        foreach (var share in new[] { 0.05, 0.10, 0.125, 0.15, 0.20, 0.25 })
        {
            var entries = (int)(codes.Length * share);
            table.Rows.Add(
            [
                share.ToString("0.#%", CultureInfo.InvariantCulture), Whole(entries), F(EvictionBenchmark.Ours(trace, entries, out _, Requests / 2)),
                F(Optimal.HitRate(trace, entries, Requests / 2)), F(100 * Harmonic(entries) / Harmonic(codes.Length)),
            ]);
        }

        return table;
    }

    static async Task LoadAsync(
        ResultTable rates, ResultTable? load, string cache, string file, string[] codes, string date, int entries, double seconds, string? redis, string[] caches)
    {
        await using var service = await StocksProcess.StartAsync(file, entries, redis, [.. Base, .. caches]);
        var mix = new StocksMix(codes, date, 11);
        await RunAsync(service, mix, seconds / 3);
        while (caches.Length > 0 && mix.Trace.Count < WarmUp * entries)
        {
            await RunAsync(service, mix, 1);
        }

        var from = mix.Trace.Count;
        var (features, predictions, cpu) = (await service.CountsAsync("features"), await service.CountsAsync("predictions"), service.CpuSeconds);
        var run = await RunAsync(service, mix, seconds);
        cpu = service.CpuSeconds - cpu;
        features = await service.CountsAsync("features") - features;
        predictions = await service.CountsAsync("predictions") - predictions;
        var trace = mix.Trace.ToArray();
        var optimal = Optimal.HitRate(trace, entries, from);
        var popular = 100 * Harmonic(entries) / Harmonic(codes.Length);
        foreach (var name in caches)
        {
            var isFeatures = name == "feature-cache";
            var counts = isFeatures ? features : predictions;
            var isFiltered = isFeatures && caches.Length > 1;
            rates.Rows.Add([cache, isFeatures ? "features" : "predictions", Whole(counts.Hits + counts.Misses), F(counts.MemoryPercent), redis is null ? "" : F(counts.BothTiersPercent), isFiltered ? "" : F(optimal), isFiltered ? "" : F(popular)]);
        }

        load?.Rows.Add(
        [
            cache, Whole((long)run.Throughput), F(run.Latency.ValueAt(50).TotalMilliseconds), F(run.Latency.ValueAt(95).TotalMilliseconds), F(cpu * 1000 / run.Requests),
            caches.Length == 0 ? "" : F(predictions.MemoryPercent), redis is null ? "" : F(predictions.BothTiersPercent),
        ]);
    }

    /// <summary>One request of one stock at a time: without the cache, with it on a miss, and on a hit.</summary>
    static async Task<ResultTable> CostAsync(string file, string[] codes, string date, string redis)
    {
        const int Stocks = 200;
        var table = new ResultTable(
            "One prediction over HTTP, one user, medians of five rounds",
            ["cache", "off µs", "miss µs", "check and store µs", "hit µs", "hit, of off"],
            [],
            $"{Stocks} stocks in turn. A miss does what is done without the cache, and checks and stores besides.");
        foreach (var (name, address) in new[] { ("memory", null), ("memory + Redis", redis) })
        {
            await using var service = await StocksProcess.StartAsync(file, codes.Length, address, Base);
            var requests = new StocksMix(codes, date, 1).Singles(Stocks);
            var (off, miss, hit) = (new List<double>(), new List<double>(), new List<double>());
            await MedianAsync(service, requests);
            for (var round = 0; round < 6; round++)
            {
                await service.SwitchAsync("prediction-cache", false);
                var without = await MedianAsync(service, requests);
                await service.SwitchAsync("prediction-cache", true);
                await service.ClearAsync();
                var first = await MedianAsync(service, requests);
                var second = await MedianAsync(service, requests);
                if (round > 0)
                {
                    off.Add(without);
                    miss.Add(first);
                    hit.Add(second);
                }
            }

            table.Rows.Add([name, Whole((long)Median(off)), Whole((long)Median(miss)), Whole((long)(Median(miss) - Median(off))), Whole((long)Median(hit)), F(Median(hit) / Median(off))]);
        }

        return table;
    }

    /// <summary>What 200 warmed keys a category are worth.</summary>
    static async Task<ResultTable> WarmingAsync(string file, string[] codes, string date, double seconds)
    {
        await using var service = await StocksProcess.StartAsync(file, codes.Length / 10, null, [.. Base, "feature-cache", "prediction-cache"]);
        var mix = new StocksMix(codes, date, 11);
        await RunAsync(service, mix, seconds / 3);
        // What was popular so far is what the warming loads for the caches that were just emptied, as a start with a popularity file does.
        await service.ClearAsync();
        var start = TimeProvider.System.GetTimestamp();
        await service.WarmAsync("mode=full&limit=200");
        var warmed = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        await RunAsync(service, mix, seconds / 3);
        var table = new ResultTable(
            "After warming 200 keys of each category with the popular ones",
            ["category", "warming s", "seconds counted", "requests", "hit rate %", "the same requests cold %", "warmed keys", "of these asked for"],
            [],
            "The minute after a warming is counted; here its first seconds. Warming is paced at 500 keys a second.");
        foreach (var category in System.Text.Json.Nodes.JsonNode.Parse(await service.StatisticsAsync())!["categories"]!.AsArray())
        {
            if (category!["firstMinute"] is not { } minute)
            {
                continue;
            }

            table.Rows.Add(
            [
                (string)category["name"]!, F(warmed), F((double)minute["seconds"]!), Whole((long)minute["requests"]!), Percent(minute["hitRatePercent"]), Percent(minute["coldHitRatePercent"]),
                Whole((long)minute["warmedKeys"]!), Whole((long)minute["askedKeys"]!),
            ]);
        }

        return table;
    }

    static async Task<double> MedianAsync(StocksProcess service, IReadOnlyList<LoadRequest> requests)
    {
        using var client = new HttpClient { BaseAddress = service.Address };
        var times = new List<double>();
        foreach (var request in requests)
        {
            using var body = new ByteArrayContent(request.Body.ToArray());
            body.Headers.ContentType = new("application/json");
            var start = TimeProvider.System.GetTimestamp();
            using var answer = await client.PostAsync(request.Path, body);
            answer.EnsureSuccessStatusCode();
            times.Add(TimeProvider.System.GetElapsedTime(start).TotalMicroseconds);
        }

        return Median(times);
    }

    static async Task<LoadResult> RunAsync(StocksProcess service, StocksMix mix, double seconds)
    {
        var run = await new LoadGenerator().RunAsync(new LoadPlan
        {
            BaseUrl = service.Address, Model = LoadModel.Users(Users), Source = mix, Duration = TimeSpan.FromSeconds(seconds),
        });
        return run.Failed == 0 ? run : throw new InvalidOperationException($"{run.Failed} requests failed: {run.ErrorSamples[0]}");
    }

    static double Harmonic(int n) => Enumerable.Range(1, n).Sum(k => 1.0 / k);

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static string Percent(System.Text.Json.Nodes.JsonNode? value) => (double?)value is { } number ? F(number) : "";

    static string Whole(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    static string F(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
