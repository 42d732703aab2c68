using System.Globalization;
using System.Text;
using Fettle.LoadTesting;

namespace Fettle.Bench.HitRate;

/// <summary>
/// The service's mix: 70 % predictions of one stock, 30 % batches of ten, stocks by Zipf's law with exponent 1. Remembers which stocks it
/// asked for, in order, so that the optimal policy can be played on the same requests.
/// </summary>
internal sealed class StocksMix : IRequestSource
{
    static readonly KeyValuePair<string, string>[] Headers = [new("Content-Type", "application/json")];
    readonly string[] _codes;
    readonly LoadRequest[] _single;
    readonly string _date;
    readonly double[] _cumulative;
    readonly int[] _stockOfRank;
    readonly Random _random;

    public StocksMix(string[] codes, string date, int seed)
    {
        _codes = codes;
        _date = date;
        _random = new Random(seed);
        _cumulative = new double[codes.Length];
        var sum = 0.0;
        for (var rank = 0; rank < codes.Length; rank++)
        {
            _cumulative[rank] = sum += 1.0 / (rank + 1);
        }

        // Which stocks are popular has nothing to do with their codes.
        _stockOfRank = [.. Enumerable.Range(0, codes.Length)];
        new Random(7).Shuffle(_stockOfRank);
        _single = [.. codes.Select(code => new LoadRequest("predict", "POST", "/api/v1/predict", Encoding.UTF8.GetBytes(Item(code)), Headers))];
    }

    /// <summary>The stocks asked for, in order.</summary>
    public List<int> Trace { get; } = [];

    public LoadRequest Next()
    {
        if (_random.NextDouble() < 0.7)
        {
            var stock = Draw();
            Trace.Add(stock);
            return _single[stock];
        }

        // A stock that a batch names twice is asked for once.
        var body = new StringBuilder("{\"predictions\":[");
        var first = Trace.Count;
        for (var i = 0; i < 10; i++)
        {
            var stock = Draw();
            body.Append(i == 0 ? "" : ",").Append(Item(_codes[stock]));
            if (Trace.IndexOf(stock, first) < 0)
            {
                Trace.Add(stock);
            }
        }

        return new LoadRequest("batch", "POST", "/api/v1/batch_predict", Encoding.UTF8.GetBytes(body.Append("]}").ToString()), Headers);
    }

    /// <summary>The single requests of the first stocks.</summary>
    public IReadOnlyList<LoadRequest> Singles(int stocks) => _single[..Math.Min(stocks, _single.Length)];

    int Draw()
    {
        var at = Array.BinarySearch(_cumulative, _random.NextDouble() * _cumulative[^1]);
        return _stockOfRank[at < 0 ? ~at : at];
    }

    string Item(string code) => string.Create(CultureInfo.InvariantCulture, $$"""{"bse_code":"{{code}}","prediction_date":"{{_date}}"}""");
}
