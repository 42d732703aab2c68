using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Fettle.Redis;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Bench.Rivals;

/// <summary>
/// 64 awaiting callers on one connection against redis-benchmark with 64 connections and one request in flight each, and against a
/// bare socket that sends one request and waits: GET of 512 bytes on the same server, in turn, round after round.
/// </summary>
internal sealed class RedisPipelineBench : IBenchmark
{
    const int ValueBytes = 512;
    const int Callers = 64;

    public string Name => "redis-pipeline";

    public string Summary => "GET of 512 B: 64 callers on one connection against redis-benchmark -c 64 -P 1 and socket ping-pong";

    public async Task RunAsync(ResultDocument result, string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        var operations = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 200_000;
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        await using var redis = await RedisConnection.ConnectAsync(new RedisOptions { Port = server.Port, Timings = new() { Command = TimeSpan.FromSeconds(10) } });
        await redis.SetAsync("key:000000000001", new byte[ValueBytes]);
        await ManyAsync(redis, operations / 4);

        var ours = new List<Sample>();
        var single = new List<double>();
        var rival = new List<double>();
        var pipelined = new List<double>();
        var bare = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            ours.Add(await ManyAsync(redis, operations));
            rival.Add(await RedisBenchmarkAsync(server.Port, "64", "1", operations / 2));
            pipelined.Add(await RedisBenchmarkAsync(server.Port, "1", "64", operations));
            single.Add(await OneAsync(redis, operations / 20));
            bare.Add(PingPong(server.Port, operations / 20));
        }

        var throughput = Median(ours.Select(s => s.PerSecond));
        var table = new ResultTable(
            "GET of 512 B on one server, medians of rounds",
            ["client", "GET/s", "of redis-benchmark -c 64 -P 1", "client CPU µs", "B besides the value"],
            [],
            "Client CPU is the whole process's, kernel time included. The server and the client share the machine's cores.");
        result.Tables.Add(table);
        Row("Fettle.Redis, 64 callers, 1 connection", throughput, Median(ours.Select(s => s.CpuMicroseconds)), Median(ours.Select(s => s.Bytes)));
        Row("redis-benchmark -c 64 -P 1", Median(rival), null, null);
        Row("redis-benchmark -c 1 -P 64", Median(pipelined), null, null);
        Row("Fettle.Redis, 1 caller", Median(single), null, null);
        Row("bare socket ping-pong, 1 caller", Median(bare), null, null);

        void Row(string name, double perSecond, double? cpu, double? bytes) =>
            table.Rows.Add([name, Text(perSecond, "0"), Text(perSecond / Median(rival), "0.00"), cpu is null ? "" : Text(cpu.Value, "0.00"), bytes is null ? "" : Text(bytes.Value, "0")]);
    }

    static async Task<Sample> ManyAsync(RedisConnection redis, int operations)
    {
        var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < operations / Callers; i++)
            {
                if ((await redis.GetAsync("key:000000000001"))!.Length != ValueBytes)
                {
                    throw new InvalidOperationException("wrong value");
                }
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        var done = (double)(operations / Callers * Callers);
        return new Sample(
            done / seconds,
            (process.TotalProcessorTime - cpu).TotalMicroseconds / done,
            ((GC.GetTotalAllocatedBytes(precise: true) - allocated) / done) - (ValueBytes + 24));
    }

    static async Task<double> OneAsync(RedisConnection redis, int operations)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < operations; i++)
        {
            await redis.GetAsync("key:000000000001");
        }

        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static double PingPong(int port, int operations)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect("127.0.0.1", port);
        var request = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"u8.ToArray();
        var reply = new byte[ValueBytes + 8];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < operations; i++)
        {
            socket.Send(request);
            for (var read = 0; read < reply.Length;)
            {
                read += socket.Receive(reply, read, reply.Length - read, SocketFlags.None);
            }
        }

        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static async Task<double> RedisBenchmarkAsync(int port, string clients, string pipeline, int operations)
    {
        var start = new ProcessStartInfo("redis-benchmark") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["-p", $"{port}", "-c", clients, "-P", pipeline, "-n", $"{operations}", "--csv", "GET", "key:000000000001"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var line = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(l => l.StartsWith('"') && !l.Contains("rps", StringComparison.Ordinal));
        return double.Parse(line.Split("\",\"")[1].Trim('"'), CultureInfo.InvariantCulture);
    }

    static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    sealed record Sample(double PerSecond, double CpuMicroseconds, double Bytes);
}
