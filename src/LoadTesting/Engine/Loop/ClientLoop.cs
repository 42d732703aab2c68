using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>
/// The loop over the framework's HTTP client, for systems without epoll or OpenSSL and for servers that only it understands. The schedule and the counting are the
/// same as in <see cref="EngineLoop"/>: one thread starts requests when they are due and records them when they have ended;
/// only sending and receiving happen on the thread pool. Costs two to four times as much processor per request.
/// </summary>
sealed class ClientLoop : LoopSchedule, ILoadLoop
{
    readonly EngineOptions _options;
    readonly IReadOnlyList<EngineJob> _jobs;
    readonly HttpMessageInvoker _client;
    readonly ConcurrentQueue<Finished> _finished = new();
    readonly SemaphoreSlim _signal = new(0);
    readonly CancellationTokenSource _end = new();
    readonly long _publishEvery;
    readonly Action<ILoadLoop, long> _publish;
    readonly Queue<Exchange> _waiting = new();
    readonly int _capacity;
    long _opened;
    volatile bool _stop;

    public ClientLoop(IReadOnlyList<Workload> workloads, IReadOnlyList<EngineJob> jobs, EngineOptions options, long publishEvery, Action<ILoadLoop, long> publish)
        : base(workloads)
    {
        (_options, _jobs, _publishEvery, _publish) = (options, jobs, publishEvery, publish);
        _capacity = workloads.Select(w => w.Pool).Distinct().Sum(p => p.Capacity);
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxConnectionsPerServer = _capacity,
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            SslOptions = options.TrustAnyCertificate ? new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true } : new SslClientAuthenticationOptions(),
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                    Interlocked.Increment(ref _opened);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        });
    }

    public long ConnectionsOpened => Interlocked.Read(ref _opened);

    public int InFlight { get; private set; }

    public int Waiting => _waiting.Count;

    public int Connections => (int)ConnectionsOpened;

    public ThreadTimes Times { get; private set; } = ThreadTimes.Unknown;

    public void Stop()
    {
        _stop = true;
        _signal.Release();
    }

    public long Run()
    {
        Prepare();
        var before = OperatingSystem.IsLinux() ? ThreadTimes.OfThisThread() : ThreadTimes.Unknown;
        var now = MonotonicClock.Nanoseconds;
        var nextPublish = now + _publishEvery;
        while (!_stop)
        {
            var due = StartDue(now);
            RecordFinished();
            while (_waiting.TryPeek(out var waiting) && waiting.Deadline < now)
            {
                _waiting.Dequeue();
                End(waiting, now, "not sent", "no connection was free within the timeout", waited: true, sent: false);
            }

            now = MonotonicClock.Nanoseconds;
            foreach (var workload in Workloads)
            {
                workload.Recorder.Advance(now);
            }

            if (now >= nextPublish)
            {
                _publish(this, now);
                nextPublish = now + _publishEvery;
            }

            if (AllOver(now))
            {
                break;
            }

            var wait = Math.Min(Math.Min(due, nextPublish) - now, 50_000_000);
            if (wait > 0 && _finished.IsEmpty)
            {
                _signal.Wait(TimeSpan.FromMicroseconds(wait / 1000.0));
            }

            now = MonotonicClock.Nanoseconds;
        }

        // What has ended before the stop counts, though nothing new may follow from it.
        RecordFinished();
        Times = OperatingSystem.IsLinux() ? ThreadTimes.OfThisThread() - before : before;
        _publish(this, now);
        return now;
    }

    public void Dispose()
    {
        _end.Cancel();
        _client.Dispose();
    }

    void RecordFinished()
    {
        while (_finished.TryDequeue(out var finished))
        {
            Record(finished);
        }
    }

    protected override void Dispatch(in Exchange exchange)
    {
        if (_stop || InFlight >= _capacity)
        {
            _waiting.Enqueue(exchange);
            return;
        }

        InFlight++;
        var started = exchange;
        started.Sent = MonotonicClock.Nanoseconds;
        var capture = exchange.Actor?.Flow?.CaptureFor(exchange.Request);
        _ = Task.Run(() => SendAsync(started, capture));
    }

    void Record(in Finished finished)
    {
        InFlight--;
        if (finished.Error is null)
        {
            Answered(finished.Exchange, finished.At, finished.Status, finished.Capture);
        }
        else
        {
            End(finished.Exchange, finished.At, finished.Error, finished.Detail, waited: finished.Error == "timeout", sent: true);
        }

        if (InFlight < _capacity && _waiting.TryDequeue(out var next))
        {
            Dispatch(next);
        }
    }

    async Task SendAsync(Exchange exchange, AnswerCapture? capture)
    {
        var error = (string?)null;
        var detail = "";
        var status = 0;
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            timeout.CancelAfter(TimeSpan.FromMicroseconds(Math.Max(1, (exchange.Deadline - MonotonicClock.Nanoseconds) / 1000.0)));
            using var message = Message(exchange);
            using var answer = await _client.SendAsync(message, timeout.Token);
            status = (int)answer.StatusCode;
            if (capture is null && status >= 400)
            {
                AnswerCapture? none = null;
                capture = AnswerCapture.OfError(ref none);
            }

            if (capture is not null)
            {
                foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
                {
                    foreach (var value in values)
                    {
                        capture.Header(System.Text.Encoding.Latin1.GetBytes(name), System.Text.Encoding.Latin1.GetBytes(value));
                    }
                }
            }

            (error, detail) = await ReadAsync(answer, exchange, capture, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            (error, detail) = ("timeout", $"no whole answer within {exchange.Workload.Timeout / 1e9:0.###} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
        {
            (error, detail) = (ClassOf(e), e.Message);
        }

        _finished.Enqueue(new Finished(exchange, MonotonicClock.Nanoseconds, status, capture, error, detail));
        try
        {
            _signal.Release();
        }
        catch (ObjectDisposedException)
        {
        }
    }

    async Task<(string? Error, string Detail)> ReadAsync(HttpResponseMessage answer, Exchange exchange, AnswerCapture? capture, CancellationToken cancellation)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            var total = 0L;
            using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            while (await body.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                total += read;
                capture?.Body(buffer.AsSpan(0, read));
                if (total > exchange.Workload.Pool.MaxBodyBytes)
                {
                    return ("answer too large", $"the body is longer than {exchange.Workload.Pool.MaxBodyBytes} bytes");
                }
            }

            return (null, "");
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    HttpRequestMessage Message(in Exchange exchange)
    {
        var index = 0;
        while (!ReferenceEquals(Workloads[index], exchange.Workload))
        {
            index++;
        }

        var request = exchange.Request;
        var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_jobs[index].BaseUrl.GetLeftPart(UriPartial.Authority) + exchange.Workload.Pool.Target.PathPrefix + request.Path))
        {
            Version = _options.Protocol == HttpProtocol.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (request.Body.Length > 0 || request.Method is "POST" or "PUT" or "PATCH")
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
        }

        foreach (var (name, value) in request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return message;
    }

    static string ClassOf(Exception e) => e switch
    {
        HttpRequestException { InnerException: System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionRefused } } => "connection refused",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "tls failed",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "connect failed",
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "closed early",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } or HttpIOException => "malformed answer",
        _ => "connection reset",
    };

    readonly record struct Finished(Exchange Exchange, long At, int Status, AnswerCapture? Capture, string? Error, string Detail);
}
