using System.Globalization;
using System.IO.Compression;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>What compressing a long JSON answer saves and costs: the list of 2,000 stocks, and the prices of one.</summary>
internal sealed class WebCompressionBench : IBenchmark
{
    public string Name => "web-compression";

    public string Summary => "Bytes saved and CPU spent on JSON over 100 KB, gzip and Brotli by level";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        await using var subject = await StocksSubject.CreateAsync(2_000);
        var service = await subject.ServeAsync();
        using var client = new HttpClient { BaseAddress = service.Address };
        var body = await client.GetByteArrayAsync("/api/v1/stocks?limit=20000");
        var encodings = new (string Name, Func<byte[]> Compress)[]
        {
            ("gzip, fastest (sent once)", () => Gzip(body, CompressionLevel.Fastest)),
            ("gzip, optimal (kept answers)", () => Gzip(body, CompressionLevel.Optimal)),
            ("Brotli 1 (sent once)", () => Brotli(body, 1)),
            ("Brotli 5 (kept answers)", () => Brotli(body, 5)),
            ("Brotli 11 (static files)", () => Brotli(body, 11)),
        };
        var timings = Interleaved.Measure(rounds, [.. encodings.Select(e => (e.Name, 1L, (Action)(() => e.Compress())))]);
        result.Tables.Add(new ResultTable(
            $"GET /api/v1/stocks, JSON of {body.Length.ToString("#,0", CultureInfo.InvariantCulture)} bytes",
            ["encoding", "bytes", "shrinks by %", "CPU ms", "MB/s"],
            [.. encodings.Select((e, i) =>
            {
                var bytes = e.Compress().Length;
                return new[]
                {
                    e.Name, bytes.ToString(CultureInfo.InvariantCulture), (100.0 * (body.Length - bytes) / body.Length).ToString("0.0", CultureInfo.InvariantCulture),
                    (timings[i].MedianNs / 1e6).ToString("0.00", CultureInfo.InvariantCulture), (body.Length / (timings[i].MedianNs / 1e9) / 1e6).ToString("0", CultureInfo.InvariantCulture),
                };
            })],
            "One thread. An answer that is kept is compressed once per encoding, one that is not each time it is sent."));
    }

    static byte[] Gzip(byte[] body, CompressionLevel level)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level))
        {
            gzip.Write(body);
        }

        return compressed.ToArray();
    }

    static byte[] Brotli(byte[] body, int quality)
    {
        var buffer = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
        return BrotliEncoder.TryCompress(body, buffer, out var written, quality, 22) ? buffer[..written] : throw new InvalidOperationException("Brotli did not fit its own bound");
    }
}
