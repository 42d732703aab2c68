using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fettle.Cli.Tests.Tuning;

/// <summary>A stranger's service in this process: every path answers the same JSON.</summary>
sealed class SmallService : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly Task _loop;

    public SmallService()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        }

        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _loop = Task.Run(ServeAsync);
    }

    public string Url { get; }

    public string Answer { get; set; } = """{"a":1}""";

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _loop;
        _listener.Close();
    }

    async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var bytes = Encoding.UTF8.GetBytes(Answer);
                context.Response.ContentType = "application/json";
                context.Response.StatusCode = context.Request.Url!.AbsolutePath.StartsWith("/fettle", StringComparison.Ordinal) ? 404 : 200;
                context.Response.ContentLength64 = bytes.Length;
                await context.Response.OutputStream.WriteAsync(bytes);
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
            }
        }
    }
}
