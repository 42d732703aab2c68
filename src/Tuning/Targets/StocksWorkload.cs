using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.LoadTesting;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Targets;

/// <summary>
/// The Stocks mix: 70 % predict with Zipf-distributed stocks (s = 1.0), 30 % batch_predict of ten. Only stocks with the 35 bars that a prediction
/// needs are asked for under load; the refusals are among the golden requests.
/// </summary>
internal static class StocksWorkload
{
    const int LeastBars = 35;
    const int BatchSize = 10;

    /// <param name="database">The copy that is read.</param>
    /// <param name="source">What it is a copy of: the name that its user knows.</param>
    /// <param name="seed">Seed of ranks and requests.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="TuningException">Too few stocks can be asked for.</exception>
    public static async Task<Workload> PrepareAsync(DatabaseAddress database, DatabaseAddress source, int seed, CancellationToken cancellation)
    {
        var date = (await TunedDatabase.ColumnAsync(database, "SELECT max(date) FROM price_movements", cancellation))[0];
        date = date.Length > 10 ? date[..10] : date;
        var codes = await TunedDatabase.ColumnAsync(database, $"SELECT bse_code FROM price_movements GROUP BY bse_code HAVING count(*) >= {LeastBars} ORDER BY bse_code", cancellation);
        if (codes.Count < BatchSize)
        {
            throw new TuningException($"{source} has {codes.Count} stocks with at least {LeastBars} bars; tuning needs {BatchSize}. Make a sample: fettle sample stocks --out FILE");
        }

        var random = new Random(seed);
        var ranked = codes.ToArray();
        random.Shuffle(ranked);
        var predicts = ranked.Select(code => LoadRequest.PostJson("/api/v1/predict", Predict(code, date), "predict")).ToArray();
        return new Workload(
            s => new Source(ranked, predicts, date, s),
            [.. Golden(ranked, date, random)],
            string.Create(CultureInfo.InvariantCulture, $"70 % predict (Zipf, s = 1.0, over {ranked.Length:N0} stocks), 30 % batch_predict of {BatchSize}, date {date}"));
    }

    static string Predict(string code, string date, string more = "") =>
        $$"""{"bse_code":"{{code}}","prediction_date":"{{date}}"{{more}}}""";

    static string Batch(IEnumerable<string> codes, string date) =>
        $$"""{"predictions":[{{string.Join(',', codes.Select(c => Predict(c, date)))}}]}""";

    static IEnumerable<GoldenRequest> Golden(string[] ranked, string date, Random random)
    {
        string Any() => ranked[random.Next(ranked.Length)];
        GoldenRequest Post(string path, string body, string? encoding = null) => new(path[(path.LastIndexOf('/') + 1)..], "POST", path, body, encoding);
        foreach (var code in ranked.Take(4).Concat(Enumerable.Range(0, 8).Select(_ => Any())).Distinct().ToArray())
        {
            yield return Post("/api/v1/predict", Predict(code, date, ""","include_features":true"""));
        }

        for (var i = 0; i < 3; i++)
        {
            yield return Post("/api/v1/batch_predict", Batch(Enumerable.Range(0, BatchSize).Select(_ => Any()).Distinct(), date));
        }

        // A batch with one item that cannot be answered: the others must be, in order.
        yield return Post("/api/v1/batch_predict", Batch([Any(), "999999", Any()], date));
        yield return Post("/api/v1/predict", Predict("999999", date));
        yield return Post("/api/v1/predict", Predict("12", date));
        yield return Post("/api/v1/predict", Predict(Any(), "2026-13-45"));
        yield return Post("/api/v1/predict", Predict(Any(), "1990-01-01"));
        yield return Post("/api/v1/predict", "{");
        foreach (var encoding in new[] { "identity", "gzip", "br", "gzip;q=0" })
        {
            yield return Post("/api/v1/predict", Predict(ranked[0], date, ""","include_features":true"""), encoding);
        }
    }

    /// <summary>Draws by cumulated weights 1/rank; not safe for two threads, as the generator asks one at a time.</summary>
    sealed class Source(string[] ranked, LoadRequest[] predicts, string date, int seed) : IRequestSource
    {
        readonly Random _random = new(seed);
        readonly double[] _cumulated = Cumulate(ranked.Length);

        public LoadRequest Next()
        {
            if (_random.NextDouble() < 0.7)
            {
                return predicts[Draw()];
            }

            var chosen = new HashSet<int>();
            while (chosen.Count < BatchSize)
            {
                chosen.Add(Draw());
            }

            return LoadRequest.PostJson("/api/v1/batch_predict", Batch(chosen.Select(i => ranked[i]), date), "batch_predict");
        }

        int Draw()
        {
            var at = Array.BinarySearch(_cumulated, _random.NextDouble() * _cumulated[^1]);
            return Math.Min(at < 0 ? ~at : at, _cumulated.Length - 1);
        }

        static double[] Cumulate(int count)
        {
            var sums = new double[count];
            for (var i = 0; i < count; i++)
            {
                sums[i] = (i == 0 ? 0 : sums[i - 1]) + 1.0 / (i + 1);
            }

            return sums;
        }
    }
}
