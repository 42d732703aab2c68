using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fettle.Testing;

namespace Fettle.EndToEnd.Tests;

/// <summary>
/// Debian's Firefox, driven over WebDriver BiDi, which it speaks itself on a WebSocket. Playwright drives builds of its own only.
/// One tab, one caller at a time.
/// </summary>
internal sealed class Firefox : IAsyncDisposable
{
    const string Announcement = "WebDriver BiDi listening on ";

    readonly Process _process;
    readonly string _profile;
    readonly ClientWebSocket _socket = new();
    readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(5));
    string _tab = "";
    int _calls;

    Firefox(Process process, string profile) => (_process, _profile) = (process, profile);

    public static string? Path => Tools.Find("firefox-esr") ?? Tools.Find("firefox");

    /// <summary>Errors and warnings of the page's scripts, and exceptions that nobody caught.</summary>
    public List<string> Errors { get; } = [];

    /// <param name="preload">A function that runs in every page before its own scripts.</param>
    public static async Task<Firefox> StartAsync(string preload)
    {
        var profile = Directory.CreateTempSubdirectory("fettle-firefox-").FullName;
        var start = new ProcessStartInfo(Path!) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0" })
        {
            start.ArgumentList.Add(argument);
        }

        // A home of its own: it refuses that of another user.
        start.Environment["HOME"] = profile;
        var firefox = new Firefox(Process.Start(start)!, profile);
        _ = firefox._process.StandardOutput.ReadToEndAsync();
        await firefox.ConnectAsync(preload);
        return firefox;
    }

    /// <summary>Goes to an address and waits until a script's expression is true there.</summary>
    public async Task GoAsync(Uri address, string until)
    {
        await CallAsync("browsingContext.navigate", new JsonObject { ["context"] = _tab, ["url"] = address.ToString(), ["wait"] = "complete" });
        await RunAsync($$"""
            new Promise((resolve, reject) => {
              const end = performance.now() + 60_000;
              const look = () => { if ({{until}}) resolve(); else if (performance.now() > end) reject(new Error('never shown: ' + document.body.innerText.slice(0, 300))); else setTimeout(look, 30); };
              look();
            })
            """);
    }

    /// <summary>Runs an expression in the page and waits for what it promises.</summary>
    /// <returns>Its value, when that is a text.</returns>
    public async Task<string?> RunAsync(string expression)
    {
        var answer = await CallAsync("script.evaluate", new JsonObject { ["expression"] = expression, ["target"] = new JsonObject { ["context"] = _tab }, ["awaitPromise"] = true });
        return (string?)answer["type"] == "success"
            ? answer["result"]!["value"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null
            : throw new InvalidOperationException((string?)answer["exceptionDetails"]!["text"]);
    }

    public async Task ScreenshotAsync(string path)
    {
        var shot = await CallAsync("browsingContext.captureScreenshot", new JsonObject { ["context"] = _tab });
        await File.WriteAllBytesAsync(path, Convert.FromBase64String((string)shot["data"]!));
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _patience.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    async Task ConnectAsync(string preload)
    {
        var said = new StringBuilder();
        while (await _process.StandardError.ReadLineAsync(_patience.Token) is { } line)
        {
            said.AppendLine(line);
            if (line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                _ = _process.StandardError.ReadToEndAsync();
                await _socket.ConnectAsync(new Uri(line[Announcement.Length..].Trim() + "/session"), _patience.Token);
                await CallAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
                await CallAsync("session.subscribe", new JsonObject { ["events"] = new JsonArray("log.entryAdded") });
                await CallAsync("script.addPreloadScript", new JsonObject { ["functionDeclaration"] = preload });
                _tab = (string)(await CallAsync("browsingContext.create", new JsonObject { ["type"] = "tab" }))["context"]!;
                await CallAsync("browsingContext.setViewport", new JsonObject { ["context"] = _tab, ["viewport"] = new JsonObject { ["width"] = 1280, ["height"] = 860 } });
                return;
            }
        }

        throw new InvalidOperationException($"Firefox did not start: {said}");
    }

    async Task<JsonObject> CallAsync(string method, JsonObject parameters)
    {
        var id = ++_calls;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, true, _patience.Token);
        while (true)
        {
            var message = await ReceiveAsync();
            if ((string?)message["type"] == "event")
            {
                Hear(message["params"]!);
            }
            else if ((int?)message["id"] == id)
            {
                return (string?)message["type"] == "success" ? message["result"]!.AsObject() : throw new InvalidOperationException($"{method}: {message["message"]}");
            }
        }
    }

    void Hear(JsonNode entry)
    {
        if ((string?)entry["level"] is "error" or "warn")
        {
            Errors.Add((string?)entry["text"] ?? "");
        }
    }

    async Task<JsonObject> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await _socket.ReceiveAsync(buffer.AsMemory(), _patience.Token);
            message.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);
        message.Position = 0;
        return (JsonObject)(await JsonNode.ParseAsync(message))!;
    }
}
