using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Fettle.AspNetCore;

/// <summary>
/// <c>GET /fettle/live</c>: server-sent events. The first event is <c>history</c>, the seconds after <c>Last-Event-ID</c>
/// (ten minutes at most); then one <c>sample</c> a second, whose id resumes the stream.
/// </summary>
internal static class LiveEndpoints
{
    public const string EventStream = "text/event-stream";

    /// <summary>A stream lasts as long as somebody watches: among the durations of requests it would be the slowest route and an alert.</summary>
    public static void Map(RouteGroupBuilder admin) => admin.MapGet("/live", StreamAsync).DisableHttpMetrics();

    static async Task StreamAsync(HttpContext context, LiveSampler sampler, IHostApplicationLifetime lifetime)
    {
        var resume = context.Request.Headers["Last-Event-ID"].ToString();
        var last = long.TryParse(resume, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
        context.Response.ContentType = EventStream;
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // A watcher must not keep a stopping service waiting.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            var (samples, next) = sampler.After(last);
            await SendAsync("history", samples.Count > 0 ? samples[^1].Id : last, JsonSerializer.Serialize(
                new LiveHistory(LiveHistory.CurrentSchema, Environment.ProcessorCount, samples), FettleJson.Default.LiveHistory));
            last = samples.Count > 0 ? samples[^1].Id : last;
            while (true)
            {
                await next.WaitAsync(ending.Token);
                (samples, next) = sampler.After(last);
                foreach (var sample in samples)
                {
                    await SendAsync("sample", sample.Id, JsonSerializer.Serialize(sample, FettleJson.Default.LiveSample));
                    last = sample.Id;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The watcher left, or the service stops.
        }

        async Task SendAsync(string name, long number, string data)
        {
            await context.Response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"id: {number}\nevent: {name}\ndata: {data}\n\n"), ending.Token);
            await context.Response.Body.FlushAsync(ending.Token);
        }
    }
}
