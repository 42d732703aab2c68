using System.Globalization;
using System.Text.Json;
using Fettle.Redis;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Rivals;

/// <summary>
/// The cached prediction of the stocks service against the same bytes from a bare minimal API, and against FastAPI with Redis doing the same job:
/// each server alone on core 0, wrk on core 1, in turn, round after round.
/// </summary>
internal sealed class WebPredictBench : IBenchmark
{
    const int Core = 0;
    const double Seconds = 3;
    const double WarmSeconds = 5;

    public string Name => "web-predict";

    public string Summary => "Cached predict: answer cache and JSON against a bare minimal API and FastAPI + Redis, requests per CPU-second";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 4;
        await using var subject = await StocksSubject.CreateAsync(50);
        var service = await subject.ServeAsync();
        var bytes = await subject.AnswerAsync(service);
        var file = Path.Combine(subject.Folder, "answer.json");
        await File.WriteAllBytesAsync(file, bytes);
        var script = WebLoad.Script(subject.Folder, subject.Request);
        await using var bare = await WebProcess.StartAsync(new Dictionary<string, string>(), "dotnet", typeof(WebPredictBench).Assembly.Location, "bare-server", file);
        await using var redis = await RedisServer.StartAsync("--appendonly", "no");
        await SeedAsync(redis.Port, subject.Request, bytes);
        await using var rival = await StartRivalAsync(redis.Port);

        var bodies = new (string Name, Func<Task> Before, Uri Url, Func<double> Cpu)[]
        {
            ("bare minimal API, same bytes", () => Task.CompletedTask, new Uri(bare.Address, "/api/v1/predict"), () => bare.CpuSeconds),
            ("Fettle, answer cache on", () => StocksSubject.SwitchAsync(service, "answer-cache", true), new Uri(service.Address, "/api/v1/predict"), () => service.CpuSeconds),
            ("Fettle, JSON in and out", () => StocksSubject.SwitchAsync(service, "answer-cache", false), new Uri(service.Address, "/api/v1/predict"), () => service.CpuSeconds),
            ("FastAPI + Redis, decoded", () => Task.CompletedTask, new Uri(rival.Address, "/decoded"), () => rival.CpuSeconds),
            ("FastAPI + Redis, raw bytes", () => Task.CompletedTask, new Uri(rival.Address, "/raw"), () => rival.CpuSeconds),
        };
        var rates = bodies.ToDictionary(b => b.Name, _ => new List<double>());
        var perCpu = bodies.ToDictionary(b => b.Name, _ => new List<double>());
        foreach (var (_, before, url, _) in bodies[..3].Concat(bodies[1..3]))
        {
            await before();
            await WebLoad.WarmAsync(url, script, WarmSeconds);
        }

        foreach (var server in new[] { service, bare, rival })
        {
            await server.PinAsync(Core);
        }

        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < bodies.Length; i++)
            {
                var (name, before, url, cpu) = bodies[(i + Math.Max(0, round)) % bodies.Length];
                await before();
                var used = cpu();
                var (rate, requests) = await WebLoad.PostAsync(url, script, round < 0 ? 1 : Seconds);
                if (round >= 0)
                {
                    rates[name].Add(rate);
                    perCpu[name].Add(requests / (cpu() - used));
                }
            }
        }

        var first = bodies[0].Name;
        result.Tables.Add(new ResultTable(
            $"POST /api/v1/predict, answer of {bytes.Length.ToString(CultureInfo.InvariantCulture)} bytes, 64 connections, server on one core",
            ["server", "requests/s", "× bare", "requests per CPU-second", "× bare", "× FastAPI decoded", "× FastAPI raw"],
            [.. bodies.Select(b => new[]
            {
                b.Name, Text(Median(rates[b.Name])), Ratio(rates, b.Name, first), Text(Median(perCpu[b.Name])), Ratio(perCpu, b.Name, first),
                Ratio(perCpu, b.Name, bodies[3].Name), Ratio(perCpu, b.Name, bodies[4].Name),
            })],
            "Each .NET path warmed with one connection on both cores, then one core. Medians of rounds; ratios are medians of the rounds' own ratios. FastAPI's processor time leaves out the Redis server's. uvicorn has uvloop and httptools where the system has them."));
    }

    static async Task SeedAsync(int port, string request, byte[] answer)
    {
        using var document = JsonDocument.Parse(request);
        await using var client = await RedisConnection.ConnectAsync(new RedisOptions { Port = port });
        await client.SetAsync($"predict:{document.RootElement.GetProperty("bse_code")}:{document.RootElement.GetProperty("prediction_date")}:True:False", answer);
    }

    /// <summary>Debian's Python, whose packages they are.</summary>
    static async Task<WebProcess> StartRivalAsync(int redis)
    {
        var folder = Path.GetDirectoryName(Programs.RepositoryFile("bench/Rivals/rival.py"))!;
        return await WebProcess.StartAsync(
            new Dictionary<string, string> { ["REDIS_URL"] = $"redis://127.0.0.1:{redis.ToString(CultureInfo.InvariantCulture)}" },
            "/usr/bin/python3", "-B", "-m", "uvicorn", "--app-dir", folder, "rival:app", "--host", "127.0.0.1", "--port", "0", "--no-access-log");
    }

    internal static string Ratio(Dictionary<string, List<double>> values, string name, string to) =>
        Median(values[name].Zip(values[to], (a, b) => a / b)).ToString("0.00", CultureInfo.InvariantCulture);

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    internal static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
}
