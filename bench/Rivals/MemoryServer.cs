using System.Diagnostics.Metrics;
using Fettle.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.Bench.Rivals;

/// <summary>
/// A service with Fettle's pipeline and one endpoint that answers at once, behind a server without sockets: what a request costs from the host's
/// first line to its last, on the calling thread, without the noise of connections.
/// </summary>
internal sealed class MemoryServer : IServer
{
    Action? _one;
    MeterListener? _listener;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <param name="metrics">Whether the service measures.</param>
    /// <param name="listens">Whether something listens to ASP.NET Core's own meter of requests as well.</param>
    public static async Task<(WebApplication App, MemoryServer Server)> StartAsync(bool metrics, bool listens = false)
    {
        var server = new MemoryServer();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.AddFettle(options => (options.CollectMetrics, options.AdminToken) = (metrics, "token-of-the-benchmarks-0123"));
        builder.Services.AddSingleton<IServer>(server);
        var app = builder.Build();
        app.UseFettle();
        app.MapPost("/answer/{id}", (HttpContext context) =>
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        if (listens)
        {
            server.Listen(app.Services.GetRequiredService<IMeterFactory>());
        }

        return (app, server);
    }

    public void Send(int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            _one!();
        }
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        _one = () =>
        {
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(new HttpRequestFeature { Method = "POST", Path = "/answer/7", Protocol = "HTTP/1.1", Scheme = "http" });
            var response = new HttpResponseFeature();
            features.Set<IHttpResponseFeature>(response);
            features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
            features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
            var context = application.CreateContext(features);
            application.ProcessRequestAsync(context).GetAwaiter().GetResult();
            application.DisposeContext(context, null);
            if (response.StatusCode != StatusCodes.Status202Accepted)
            {
                throw new InvalidOperationException($"the pipeline answers {response.StatusCode} instead of the endpoint");
            }
        };
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener?.Dispose();

    /// <summary>Hears what a collector that listens would hear, and does nothing with it.</summary>
    void Listen(IMeterFactory factory)
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Meter.Name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        _listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        _listener.Start();
    }
}
