using System.Net.Security;
using System.Net.Sockets;
using Fettle.Redis.Protocol;

namespace Fettle.Redis.Connection;

/// <summary>
/// Opens a connection and makes it ready, in this order: TCP, TLS, HELLO 3 (with AUTH and SETNAME in the same message; AUTH and
/// SETNAME alone for a server that does not know HELLO), fencing of earlier connections, SELECT, CLIENT TRACKING, subscriptions. Only then does the connection send
/// commands, so none is ever executed under the wrong user, in the wrong database, or untracked.
/// </summary>
internal sealed class Handshake(RedisOptions options, Action<RedisReply> onPush, List<long> fenced)
{
    readonly CommandBuffer _out = new();
    readonly RespParser _parser = new(options.Limits.MaxReplyBytes);
    readonly byte[] _in = new byte[4096];
    int _from;
    int _to;
    Stream _stream = Stream.Null;

    public async Task<Session> OpenAsync(IReadOnlyCollection<string> channels, IReadOnlyCollection<string> patterns, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, cancellation);
            _stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Tls is not null)
            {
                var tls = new SslStream(_stream);
                _stream = tls;
                await tls.AuthenticateAsClientAsync(options.Tls, cancellation);
            }

            var protocol = await GreetAsync(cancellation);
            if (options.Fence)
            {
                await FenceAsync(cancellation);
            }

            if (options.Database != 0)
            {
                await AskAsync(cancellation, "SELECT", options.Database);
            }

            if (options.Tracking is { } tracking)
            {
                await TrackAsync(tracking, protocol, cancellation);
            }

            await SubscribeAsync("SUBSCRIBE", channels, protocol, cancellation);
            await SubscribeAsync("PSUBSCRIBE", patterns, protocol, cancellation);
            return new Session(_stream, _parser, protocol) { Leftover = _in[_from.._to] };
        }
        catch
        {
            await _stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    async Task<int> GreetAsync(CancellationToken cancellation)
    {
        if (options.Protocol == 3)
        {
            var reply = options.Password is null
                ? await TryAskAsync(cancellation, "HELLO", 3, "SETNAME", options.ClientName)
                : await TryAskAsync(cancellation, "HELLO", 3, "AUTH", options.User ?? "default", options.Password, "SETNAME", options.ClientName);
            if (!reply.IsError)
            {
                return 3;
            }

            // Only "I do not know HELLO" or "not that version" means an older server; a refused password must be reported as such.
            var text = reply.AsText()!;
            if (!text.StartsWith("NOPROTO", StringComparison.Ordinal) && !text.StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase))
            {
                throw new RedisServerException(text);
            }
        }

        if (options.Password is not null)
        {
            _ = options.User is null
                ? await AskAsync(cancellation, "AUTH", options.Password)
                : await AskAsync(cancellation, "AUTH", options.User, options.Password);
        }

        await AskAsync(cancellation, "CLIENT", "SETNAME", options.ClientName);
        return 2;
    }

    /// <summary>
    /// Closes earlier connections of the same object. Identifiers begin anew when the server restarts, so one is closed only if it
    /// carries this object's name.
    /// </summary>
    async Task FenceAsync(CancellationToken cancellation)
    {
        var own = (await AskAsync(cancellation, "CLIENT", "ID")).AsInt64();
        if (fenced.Count > 0)
        {
            var list = (await AskAsync(cancellation, [(RedisArgument)"CLIENT", "LIST", "ID", .. fenced.Select(id => (RedisArgument)id)])).AsText()!;
            foreach (var line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var fields = line.Split(' ');
                if (fields.Contains("name=" + options.ClientName) && fields[0] != $"id={own}")
                {
                    await AskAsync(cancellation, "CLIENT", "KILL", "ID", fields[0][3..]);
                }
            }

            fenced.Clear();
        }

        fenced.Add(own);
    }

    async Task TrackAsync(RedisTracking tracking, int protocol, CancellationToken cancellation)
    {
        if (protocol < 3)
        {
            throw new RedisServerException("NOPROTO client tracking needs RESP3 (Redis 6 or later)");
        }

        var arguments = new List<RedisArgument> { "CLIENT", "TRACKING", "ON" };
        if (tracking.Prefixes.Length == 0)
        {
            arguments.AddRange(tracking.EveryRead ? [] : ["OPTIN"]);
        }
        else
        {
            arguments.Add("BCAST");
            foreach (var prefix in tracking.Prefixes)
            {
                arguments.Add("PREFIX");
                arguments.Add(prefix);
            }
        }

        if (tracking.NoLoop)
        {
            arguments.Add("NOLOOP");
        }

        await AskAsync(cancellation, [.. arguments]);
    }

    async Task SubscribeAsync(string verb, IReadOnlyCollection<string> channels, int protocol, CancellationToken cancellation)
    {
        if (channels.Count == 0)
        {
            return;
        }

        Append([verb, .. channels.Select(c => (RedisArgument)c)]);
        Append(["PING"]);
        await SendAsync(cancellation);
        var confirmed = 0;
        while (true)
        {
            var reply = await ReceiveAsync(cancellation);
            if (reply.IsError)
            {
                throw new RedisServerException(reply.AsText()!);
            }

            if (RedisConnection.IsPush(reply, protocol))
            {
                confirmed++;
                onPush(reply);
            }
            else if (confirmed >= channels.Count)
            {
                return;
            }
        }
    }

    async Task<RedisReply> AskAsync(CancellationToken cancellation, params RedisArgument[] arguments)
    {
        var reply = await TryAskAsync(cancellation, arguments);
        return reply.IsError ? throw new RedisServerException(reply.AsText()!) : reply;
    }

    async Task<RedisReply> TryAskAsync(CancellationToken cancellation, params RedisArgument[] arguments)
    {
        Append(arguments);
        await SendAsync(cancellation);
        while (true)
        {
            var reply = await ReceiveAsync(cancellation);
            if (reply.Kind != RedisReplyKind.Push)
            {
                return reply;
            }

            onPush(reply);
        }
    }

    void Append(ReadOnlySpan<RedisArgument> arguments) => _out.Append(arguments, CommandBuffer.MaxBytes(arguments));

    async Task SendAsync(CancellationToken cancellation)
    {
        await _stream.WriteAsync(_out.Written, cancellation);
        _out.Clear();
    }

    async Task<RedisReply> ReceiveAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryParse(out var reply))
            {
                return reply;
            }

            _from = 0;
            _to = await _stream.ReadAsync(_in, cancellation);
            if (_to == 0)
            {
                throw new EndOfStreamException("the server closed the connection during the handshake");
            }
        }
    }

    bool TryParse(out RedisReply reply)
    {
        ReadOnlySpan<byte> rest = _in.AsSpan(_from, _to - _from);
        var complete = _parser.TryRead(ref rest, out reply);
        _from = _to - rest.Length;
        return complete;
    }
}
