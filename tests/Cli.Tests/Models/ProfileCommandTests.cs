using System.Net;
using System.Net.Sockets;
using System.Text;
using Fettle.Cli.Tests.Loads;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Tests.Models;

/// <summary>Against a small HTTP server that states where its time went.</summary>
public sealed class ProfileCommandTests
{
    [Fact]
    public async Task ThreeLargestCosts_ComeFromTheServersOwnTiming()
    {
        using var files = new ModelFiles();
        using var server = new TimingServer("HTTP/1.1 200 OK\r\nServer-Timing: features;dur=0.5, inference;dur=0.25;desc=\"trees\", serialise;dur=0.1, log;dur=0.01, total;dur=9\r\nContent-Length: 2\r\n\r\n{}");
        var run = await CliRun.InProcessAsync("model", "profile", server.Url, "--body", "{\"a\":1}", "--requests", "5", "--json", files.At("out.json"));
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        run.Output.ShouldContain("largest costs: the rest of the service, features, inference");
        var table = ModelFiles.Table(files.At("out.json"));
        (table["features"][0], table["inference"][0], table["log"][0]).ShouldBe(("0.500", "0.250", "0.010"));
        (table["the rest of the service"][0], table.ContainsKey("network")).ShouldBe(("8.140", true));
        // One request more than were asked for opens the connection.
        server.Requests.Count.ShouldBe(6);
        server.Requests.ShouldAllBe(r => r.Contains("\r\ntraceparent: 00-"));
        server.Requests[0].ShouldStartWith("POST /predict");
        server.Requests[0].ShouldEndWith("{\"a\":1}");
    }

    [Fact]
    public async Task BodyMayBeAFile_AndWithoutABodyItIsAGet()
    {
        using var files = new ModelFiles();
        using var server = new TimingServer("HTTP/1.1 200 OK\r\nServer-Timing: inference;dur=1\r\nContent-Length: 0\r\n\r\n");
        (await CliRun.InProcessAsync("model", "profile", server.Url, "--body", "@" + files.At("body.json", "[7]"), "--requests", "1")).Code.ShouldBe(ExitCode.Ok);
        (await CliRun.InProcessAsync("model", "profile", server.Url, "--requests", "1")).Code.ShouldBe(ExitCode.Ok);
        server.Requests[0].ShouldEndWith("[7]");
        server.Requests[^1].ShouldStartWith("GET ");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "names no phase in a Server-Timing header")]
    [InlineData("HTTP/1.1 200 OK\r\nServer-Timing: total;dur=3\r\nContent-Length: 0\r\n\r\n", "names no phase in a Server-Timing header")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "answered 503")]
    public async Task AnswersThatSayNothing_AreErrors(string answer, string expected)
    {
        using var server = new TimingServer(answer);
        var run = await CliRun.InProcessAsync("model", "profile", server.Url, "--requests", "1");
        run.Code.ShouldBe(ExitCode.Error);
        run.Error.ShouldContain(expected);
    }

    [Fact]
    public async Task NoServerMissingFileAndWrongCount_AreOneLineEach()
    {
        using var server = new TimingServer("");
        server.Dispose();
        (await CliRun.InProcessAsync("model", "profile", server.Url, "--requests", "1")).Code.ShouldBe(ExitCode.Error);
        (await CliRun.InProcessAsync("model", "profile", server.Url, "--body", "@none")).Error.ShouldContain("no file 'none'");
        (await CliRun.InProcessAsync("model", "profile", server.Url, "--requests", "0")).Code.ShouldBe(ExitCode.Usage);
    }

    /// <summary>Reads one request per connection turn and gives the same answer to each.</summary>
    sealed class TimingServer : IDisposable
    {
        readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        readonly byte[] _answer;
        readonly Task _serving;

        public TimingServer(string answer)
        {
            _answer = Encoding.ASCII.GetBytes(answer);
            _listener.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/predict";
            _serving = ServeAsync();
        }

        public string Url { get; }

        public List<string> Requests { get; } = [];

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var stream = client.GetStream();
                    while (await ReadRequestAsync(stream) is { } request)
                    {
                        lock (Requests)
                        {
                            Requests.Add(request);
                        }

                        await stream.WriteAsync(_answer);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The test is over.
            }
        }

        static async Task<string?> ReadRequestAsync(NetworkStream stream)
        {
            var text = new StringBuilder();
            var buffer = new byte[4096];
            while (true)
            {
                var read = await stream.ReadAsync(buffer);
                if (read == 0)
                {
                    return null;
                }

                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
                var all = text.ToString();
                var end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end < 0)
                {
                    continue;
                }

                var length = all.Split("\r\n").Select(l => l.Split(": ")).Where(p => p.Length == 2 && p[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Select(p => int.Parse(p[1], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();
                if (all.Length >= end + 4 + length)
                {
                    return all;
                }
            }
        }

        public void Dispose()
        {
            _listener.Stop();
            _serving.GetAwaiter().GetResult();
        }
    }
}
