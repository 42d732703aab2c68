using System.Buffers.Binary;
using System.Text;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Tests.Engine.Http2;

/// <summary>What a server may do on a connection of HTTP/2, rightly and wrongly.</summary>
public sealed class Http2ConnectionTests
{
    const FrameFlags Whole = FrameFlags.EndHeaders | FrameFlags.EndStream;

    /// <summary>One user sends the requests one behind the other.</summary>
    static LoadPlan Plan(FrameServer server, int requests, params LoadRequest[] source) => new()
    {
        BaseUrl = server.BaseUrl,
        Model = LoadModel.Users(1) with { Requests = requests },
        Source = new RequestCycle(source.Length > 0 ? source : [LoadRequest.Get("/", "get")]),
        Duration = TimeSpan.FromSeconds(60),
        Timeout = TimeSpan.FromSeconds(30),
        Protocol = HttpProtocol.Http2,
    };

    static async Task<LoadResult> RunAsync(Func<FramePeer, Task> talk, int requests = 1, params LoadRequest[] source)
    {
        await using var server = new FrameServer(talk);
        return await new LoadGenerator().RunAsync(Plan(server, requests, source));
    }

    [Fact]
    public async Task AnAnswerCutAtEveryByte_IsOneAnswer()
    {
        var result = await RunAsync(async peer =>
        {
            await peer.SettingsAsync();
            for (var request = await peer.ReadAsync(FrameType.Headers); ; request = await peer.ReadAsync(FrameType.Headers))
            {
                byte[] answer =
                [
                    .. FramePeer.Bytes(FrameType.Headers, FrameFlags.EndHeaders, request.Stream, [0x08, 3, .. "103"u8]), // an interim answer
                    .. FramePeer.Bytes((FrameType)0x77, FrameFlags.None, 0, 1, 2, 3), // a frame of another time
                    .. FramePeer.Bytes(FrameType.Headers, FrameFlags.Padded | FrameFlags.Priority, request.Stream, 2, 0, 0, 0, 0, 9, 0x88, 0, 0),
                    .. FramePeer.Bytes(FrameType.Continuation, FrameFlags.EndHeaders, request.Stream, 0x5c, 1, (byte)'7'), // content-length: 7
                    .. FramePeer.Bytes(FrameType.Data, FrameFlags.Padded, request.Stream, [3, .. "four"u8, 0, 0, 0]),
                    .. FramePeer.Bytes(FrameType.Data, FrameFlags.None, request.Stream),
                    .. FramePeer.Bytes(FrameType.Data, FrameFlags.None, request.Stream, [.. "end"u8]),
                    .. FramePeer.Bytes(FrameType.Headers, Whole, request.Stream, 0x40, 1, (byte)'t', 1, (byte)'v'), // a trailer
                ];
                foreach (var part in answer)
                {
                    await peer.SendAsync(part);
                }
            }
        }, requests: 3);
        result.Requests.ShouldBe(3);
        result.Errors.ShouldBeEmpty(string.Join(';', result.ErrorSamples));
    }

    [Fact]
    public async Task BodiesWaitForTheWindow()
    {
        var sizes = new List<int>();
        var body = new byte[150_000];
        new Random(3).NextBytes(body);
        var received = new MemoryStream();
        var result = await RunAsync(async peer =>
        {
            await peer.SettingsAsync(0, Frames.SettingWindow, 0, 0, 0x20, 0); // 8192 for each stream
            var request = await peer.ReadAsync(FrameType.Headers);
            while (received.Length < body.Length)
            {
                var data = await peer.ReadAsync(FrameType.Data);
                received.Write(data.Payload);
                sizes.Add(data.Payload.Length);
                await peer.SendAsync(
                [
                    .. FramePeer.Bytes(FrameType.WindowUpdate, FrameFlags.None, request.Stream, Number(data.Payload.Length)),
                    .. FramePeer.Bytes(FrameType.WindowUpdate, FrameFlags.None, 0, Number(data.Payload.Length)),
                ]);
            }

            await peer.SendAsync(FrameType.Headers, Whole, request.Stream, FramePeer.Ok);
            await peer.AnswerAllAsync();
        }, 1, new LoadRequest("post", "POST", "/", body));
        result.Errors.ShouldBeEmpty(string.Join(';', result.ErrorSamples));
        received.ToArray().ShouldBe(body);
        sizes.Skip(8).ShouldAllBe(s => s <= 8192); // the first 65,535 bytes may leave before the settings are there
    }

    [Fact]
    public async Task Pings_AreAnswered()
    {
        var echo = Array.Empty<byte>();
        var result = await RunAsync(async peer =>
        {
            await peer.SettingsAsync();
            await peer.SendAsync(FrameType.Ping, FrameFlags.None, 0, 1, 2, 3, 4, 5, 6, 7, 8);
            var request = await peer.ReadAsync(FrameType.Headers);
            var ping = await peer.ReadAsync(FrameType.Ping);
            echo = ping.Flags == FrameFlags.Acknowledge ? ping.Payload : [];
            await peer.SendAsync(FrameType.Headers, Whole, request.Stream, FramePeer.Ok);
        });
        result.Failed.ShouldBe(0);
        echo.ShouldBe([1, 2, 3, 4, 5, 6, 7, 8]);
    }

    [Fact]
    public async Task AChangedTableSize_IsAcknowledgedInTheNextBlock()
    {
        var blocks = new List<byte>();
        await RunAsync(async peer =>
        {
            await peer.SettingsAsync(0, Frames.SettingTable, 0, 0, 0, 0);
            await peer.ReadAsync(FrameType.Settings);
            for (var acknowledged = false; ; )
            {
                var frame = await peer.ReadAsync();
                acknowledged |= frame is { Type: FrameType.Settings, Flags: FrameFlags.Acknowledge };
                if (frame.Type == FrameType.Headers)
                {
                    if (acknowledged)
                    {
                        blocks.Add(frame.Payload[0]);
                    }

                    await peer.SendAsync(FrameType.Headers, Whole, frame.Stream, FramePeer.Ok);
                }
            }
        }, requests: 4);
        blocks.Count.ShouldBeGreaterThanOrEqualTo(2);
        blocks[0].ShouldBe((byte)0x20);
        blocks[1].ShouldBe((byte)0x82); // :method: GET
    }

    [Fact]
    public async Task RefusedAndUnseenRequests_AreSentAgainOnce()
    {
        await using var server = new FrameServer(async peer =>
        {
            await peer.SettingsAsync();
            var request = await peer.ReadAsync(FrameType.Headers);
            if (peer.Number == 1)
            {
                await peer.SendAsync(FrameType.Reset, FrameFlags.None, request.Stream, 0, 0, 0, Frames.CodeRefused);
                request = await peer.ReadAsync(FrameType.Headers);
                await peer.SendAsync(FrameType.Headers, Whole, request.Stream, FramePeer.Ok);
                request = await peer.ReadAsync(FrameType.Headers);
                await peer.SendAsync(FrameType.GoAway, FrameFlags.None, 0, [.. Number(request.Stream - 2), 0, 0, 0, 0]);
                await peer.ReadAsync(FrameType.Headers);
            }

            await peer.SendAsync(FrameType.Headers, Whole, request.Stream, FramePeer.Ok);
            await peer.AnswerAllAsync();
        });
        var result = await new LoadGenerator().RunAsync(Plan(server, 4, new LoadRequest("post", "POST", "/", "x"u8.ToArray())));
        (result.Requests, result.Failed, result.Retried, server.Accepted).ShouldBe((4, 0, 2, 2));
    }

    [Fact]
    public async Task ServersThatAllowOneStream_GetOneAtATime()
    {
        var (open, most, acknowledged) = (0, 0, false);
        await using var server = new FrameServer(async peer =>
        {
            await peer.SettingsAsync(0, Frames.SettingStreams, 0, 0, 0, 1);
            while (await peer.ReadAsync() is { } frame)
            {
                acknowledged |= frame is { Type: FrameType.Settings, Flags: FrameFlags.Acknowledge };
                if (frame.Type == FrameType.Headers)
                {
                    var now = Interlocked.Increment(ref open);
                    most = acknowledged ? Math.Max(most, now) : most;
                    _ = AnswerLaterAsync(peer, frame.Stream);
                }
            }
        });

        async Task AnswerLaterAsync(FramePeer peer, int stream)
        {
            await Task.Delay(20);
            Interlocked.Decrement(ref open);
            await peer.SendAsync(FrameType.Headers, Whole, stream, FramePeer.Ok);
        }

        var plan = Plan(server, 1) with { Model = LoadModel.Rate(400), Duration = TimeSpan.FromSeconds(0.1), MaxConnections = 1 };
        var result = await new LoadGenerator().RunAsync(plan);
        (result.Requests, result.Failed, server.Accepted).ShouldBe((40, 0, 1));
        most.ShouldBe(1);
    }

    public static TheoryData<string, byte[], string> Faults()
    {
        static byte[] Http(FrameType type, FrameFlags flags, params byte[] payload) => FramePeer.Bytes(type, flags, 1, payload);
        return new TheoryData<string, byte[], string>
        {
            { "reset", Http(FrameType.Reset, FrameFlags.None, 0, 0, 0, 2), "stream reset" },
            { "no status", Http(FrameType.Headers, Whole, 0x5c, 1, (byte)'7'), "malformed answer" },
            { "odd status", Http(FrameType.Headers, Whole, 0x08, 2, (byte)'2', (byte)'0'), "malformed answer" },
            { "body before head", Http(FrameType.Data, FrameFlags.EndStream, 1), "malformed answer" },
            { "too short a body", [.. Http(FrameType.Headers, FrameFlags.EndHeaders, 0x88, 0x5c, 1, (byte)'7'), .. Http(FrameType.Data, FrameFlags.EndStream, 1)], "malformed answer" },
            { "odd length", Http(FrameType.Headers, Whole, 0x88, 0x5c, 1, (byte)'x'), "malformed answer" },
            { "too large a body", [.. Http(FrameType.Headers, FrameFlags.EndHeaders, 0x88), .. Http(FrameType.Data, FrameFlags.None, new byte[5000])], "answer too large" },
            { "undecodable head", Http(FrameType.Headers, Whole, 0xff), "malformed answer" },
            { "interrupted head", [.. Http(FrameType.Headers, FrameFlags.None, 0x88), .. Http(FrameType.Data, FrameFlags.None)], "malformed answer" },
            { "continued nothing", Http(FrameType.Continuation, Whole, 0x88), "malformed answer" },
            { "a stream that was not opened", FramePeer.Bytes(FrameType.Headers, Whole, 101, 0x88), "malformed answer" },
            { "a body of no stream", FramePeer.Bytes(FrameType.Data, FrameFlags.None, 2), "malformed answer" },
            { "pushed", Http(FrameType.PushPromise, FrameFlags.EndHeaders, 0, 0, 0, 2, 0x82), "malformed answer" },
            { "padding beyond the frame", Http(FrameType.Data, FrameFlags.Padded, 9, 1), "malformed answer" },
            { "cut priority", Http(FrameType.Headers, Whole | FrameFlags.Priority, 0, 0), "malformed answer" },
            { "cut reset", Http(FrameType.Reset, FrameFlags.None, 0), "malformed answer" },
            { "cut window", Http(FrameType.WindowUpdate, FrameFlags.None, 0), "malformed answer" },
            { "cut farewell", FramePeer.Bytes(FrameType.GoAway, FrameFlags.None, 0, 0), "malformed answer" },
            { "cut settings", FramePeer.Bytes(FrameType.Settings, FrameFlags.None, 0, 0), "malformed answer" },
            { "a window beyond 2³¹", FramePeer.Bytes(FrameType.Settings, FrameFlags.None, 0, 0, Frames.SettingWindow, 0xff, 0xff, 0xff, 0xff), "malformed answer" },
            { "too long a frame", [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1], "malformed answer" },
            { "interim end", Http(FrameType.Headers, Whole, 0x08, 3, (byte)'1', (byte)'0', (byte)'3'), "malformed answer" },
            { "trailers without end", [.. Http(FrameType.Headers, FrameFlags.EndHeaders, 0x88), .. Http(FrameType.Headers, FrameFlags.EndHeaders, 0x88)], "malformed answer" },
            { "closed", [], "closed early" },
        };
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Faults_AreCountedByClass(string what, byte[] answer, string error)
    {
        await using var server = new FrameServer(async peer =>
        {
            await peer.SettingsAsync();
            await peer.ReadAsync(FrameType.Headers);
            await peer.SendAsync(answer);
            if (answer.Length > 0)
            {
                await peer.ReadAsync((FrameType)0xff); // until the client ends the connection
            }
        });
        var result = await new LoadGenerator().RunAsync(Plan(server, 1) with { MaxResponseBytes = 4000 });
        result.Errors.ShouldBe(new Dictionary<string, long> { [error] = 1 }, what);
    }

    [Fact]
    public async Task AServerOfHttp11_IsToldApart()
    {
        await using var server = new FrameServer(peer => peer.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")));
        var result = await new LoadGenerator().RunAsync(Plan(server, 1));
        result.Errors.ShouldBe(new Dictionary<string, long> { ["malformed answer"] = 1 });
        result.ErrorSamples.Single().Detail.ShouldContain("does not speak HTTP/2");
    }

    [Fact]
    public async Task TimedOutRequests_AreCancelledAndTheirConnectionStays()
    {
        var reset = new Frame(FrameType.Data, FrameFlags.None, 0, []);
        await using var server = new FrameServer(async peer =>
        {
            await peer.SettingsAsync();
            await peer.ReadAsync(FrameType.Headers);
            reset = await peer.ReadAsync(FrameType.Reset);
            await peer.SendAsync(FrameType.Headers, Whole, reset.Stream, FramePeer.Ok); // too late: ignored
            await peer.AnswerAllAsync();
        });
        var result = await new LoadGenerator().RunAsync(Plan(server, 3) with { Timeout = TimeSpan.FromSeconds(1) });
        result.Errors.ShouldBe(new Dictionary<string, long> { ["timeout"] = 1 });
        (result.Requests, server.Accepted, reset.Stream, BinaryPrimitives.ReadInt32BigEndian(reset.Payload)).ShouldBe((3, 1, 1, Frames.CodeCancel));
    }

    [Fact]
    public async Task AnyFrames_EndEveryRequestOnce()
    {
        await using var server = new FrameServer(async peer =>
        {
            var random = new Random(peer.Number);
            await peer.SettingsAsync();
            var request = await peer.ReadAsync(FrameType.Headers);
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var payload = new byte[random.Next(0, 20)];
                random.NextBytes(payload);
                await peer.SendAsync((FrameType)random.Next(0, 11), (FrameFlags)random.Next(0, 64), random.Next(3) == 0 ? 0 : request.Stream, payload);
            }
        });
        var result = await new LoadGenerator().RunAsync(Plan(server, 1) with { Model = LoadModel.Users(10) with { Requests = 300 } });
        result.Requests.ShouldBe(300);
        result.Errors.Keys.ShouldBeSubsetOf(["malformed answer", "closed early", "connection reset", "stream reset", "connection closed", .. result.Errors.Keys.Where(k => k.StartsWith("status ", StringComparison.Ordinal))]);
    }

    static byte[] Number(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
