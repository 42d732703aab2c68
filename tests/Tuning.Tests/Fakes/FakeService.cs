using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Fettle.Tuning.Tests.Fakes;

/// <summary>What a switch of the fake does to an answer.</summary>
internal sealed record FakeSwitch(string Name, double DelayMs = -1, Func<int, string>? Answer = null, int Status = 200, string Risk = "low", string? Encoding = null, bool StaleList = false, double Tolerance = 0, string[]? Saves = null)
{
    public bool On { get; set; }
}

/// <summary>
/// A service in this process that speaks the <c>/fettle</c> contract: every request takes a programmed time and answers a programmed
/// body; switches change both, to the better, to the worse, or to the faster but wrong.
/// </summary>
internal sealed class FakeService : IAsyncDisposable
{
    public const string Token = "fake-token";
    readonly HttpListener _listener = new();
    readonly CancellationTokenSource _stop = new();
    readonly Task _loop;
    readonly double _delayMs;
    int _answers;
    int _items;

    public FakeService(double delayMs, params FakeSwitch[] switches)
    {
        _delayMs = delayMs;
        Switches = switches;
        Url = new Uri($"http://127.0.0.1:{FreePort()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _loop = Task.Run(ServeAsync);
    }

    public Uri Url { get; }

    public FakeSwitch[] Switches { get; }

    /// <summary>Under load every n-th answer is an error; the first dozen never is, so that answers can be recorded. 0 for none.</summary>
    public int FailsEvery { get; init; }

    public string DefaultAnswer { get; init; } = """{"probability":0.61}""";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _listener.Close();
        _stop.Dispose();
    }

    async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(async () =>
            {
                try
                {
                    await AnswerAsync(context);
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
                {
                    // The client went away.
                }
            });
        }
    }

    async Task AnswerAsync(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        if (path.StartsWith("/fettle/", StringComparison.Ordinal))
        {
            if (context.Request.Headers["Authorization"] != "Bearer " + Token)
            {
                context.Response.StatusCode = 401;
                return;
            }

            await AdminAsync(context, path);
            return;
        }

        var on = Switches.Where(s => s.On).ToArray();
        var delay = on.Where(s => s.DelayMs >= 0).Select(s => s.DelayMs).DefaultIfEmpty(_delayMs).Last();
        if (delay > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(delay), _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        if (path is "/api/v1/items")
        {
            // Adding answers how many there are; the list tells the same, unless a switch remembers an empty one.
            var items = context.Request.HttpMethod == "POST" ? Interlocked.Increment(ref _items) : on.Any(s => s.StaleList) ? 0 : _items;
            await WriteAsync(context, $$"""{"items":{{items}}}""");
            return;
        }

        var count = Interlocked.Increment(ref _answers);
        var body = on.Select(s => s.Answer).LastOrDefault(a => a is not null)?.Invoke(count) ?? DefaultAnswer;
        context.Response.StatusCode = FailsEvery > 0 && count > 12 && count % FailsEvery == 0 ? 500 : on.Select(s => s.Status).DefaultIfEmpty(200).Max();
        // The count makes every answer differ in one field, as a timestamp would.
        var answer = body.Replace("}", $",\"at\":{count}}}", StringComparison.Ordinal);
        var encoding = on.Select(s => s.Encoding).LastOrDefault(e => e is not null);
        if (encoding is not null)
        {
            context.Response.Headers["Content-Encoding"] = encoding;
            context.Response.Headers["Vary"] = "Accept-Encoding";
        }

        if (context.Request.Headers["traceparent"] is not null)
        {
            context.Response.Headers["Server-Timing"] = "db;dur=30, model;dur=10, total;dur=40";
        }

        await WriteAsync(context, encoding == "br" ? Brotli(answer) : Encoding.UTF8.GetBytes(answer));
    }

    static byte[] Brotli(string text)
    {
        using var memory = new MemoryStream();
        using (var brotli = new System.IO.Compression.BrotliStream(memory, System.IO.Compression.CompressionLevel.Fastest))
        {
            brotli.Write(Encoding.UTF8.GetBytes(text));
        }

        return memory.ToArray();
    }

    async Task AdminAsync(HttpListenerContext context, string path)
    {
        switch (context.Request.HttpMethod, path)
        {
            case ("GET", "/fettle/switches"):
                await WriteAsync(context, JsonSerializer.Serialize(new
                {
                    schema = "fettle.switches/1",
                    switches = Switches.Select(s => new { name = s.Name, layer = "cache", description = "A switch of the fake", on = s.On, risk = s.Risk, needsWarmup = false, tolerance = s.Tolerance, saves = s.Saves ?? [] }),
                }));
                break;
            case ("PUT", _):
                using (var body = await JsonDocument.ParseAsync(context.Request.InputStream))
                {
                    Switches.Single(s => s.Name == path["/fettle/switches/".Length..]).On = body.RootElement.GetProperty("on").GetBoolean();
                }

                await WriteAsync(context, "{}");
                break;
            case ("GET", "/fettle/queries"):
                await WriteAsync(context, """{"schema":"fettle.queries/1","queries":[]}""");
                break;
            case ("DELETE", "/fettle/queries"):
                context.Response.StatusCode = 204;
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    static Task WriteAsync(HttpListenerContext context, string json) => WriteAsync(context, Encoding.UTF8.GetBytes(json));

    static async Task WriteAsync(HttpListenerContext context, byte[] bytes)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength64 = bytes.Length;
        await context.Response.OutputStream.WriteAsync(bytes);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
