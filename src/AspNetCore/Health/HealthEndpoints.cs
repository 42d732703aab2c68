using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fettle.AspNetCore;

/// <summary>Something a service needs before it can answer.</summary>
public interface IReadinessCheck
{
    /// <summary>Short name such as <c>database</c> or <c>model</c>.</summary>
    string Name { get; }

    /// <summary>Looks now; must not take longer than the timeout of the probe (1 s).</summary>
    ValueTask<ReadinessResult> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>How one check went.</summary>
/// <param name="State">Degraded still takes traffic, not ready does not.</param>
/// <param name="Detail">A sentence for the operator, without secrets.</param>
public readonly record struct ReadinessResult(ReadinessState State, string Detail);

/// <summary>Whether traffic should come.</summary>
public enum ReadinessState
{
    /// <summary>All is well.</summary>
    Ready,

    /// <summary>Something is missing that the service can do without.</summary>
    Degraded,

    /// <summary>The service cannot answer.</summary>
    NotReady,
}

/// <summary><c>/livez</c> asks nothing of anything else; <c>/readyz</c> is 503 while a check is not ready or the service drains; <c>/health</c> lists the checks.</summary>
internal static class HealthEndpoints
{
    static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/livez", () => Results.Text("ok"));
        routes.MapGet("/readyz", async (HttpContext context, IHostApplicationLifetime lifetime) =>
        {
            var summary = await RunAsync(context, lifetime);
            return Results.Text(summary.Status, statusCode: StatusOf(summary));
        });
        routes.MapGet("/health", async (HttpContext context, IHostApplicationLifetime lifetime) =>
        {
            var summary = await RunAsync(context, lifetime);
            return Results.Json(summary, FettleJson.Default.HealthSummary, statusCode: StatusOf(summary));
        });
    }

    static int StatusOf(HealthSummary summary) => summary.Status == "not ready" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;

    static async Task<HealthSummary> RunAsync(HttpContext context, IHostApplicationLifetime lifetime)
    {
        var checks = await Task.WhenAll(context.RequestServices.GetServices<IReadinessCheck>().Select(c => RunAsync(c, context.RequestAborted)));
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            checks = [.. checks, new HealthCheckResult("lifetime", ReadinessState.NotReady, "the service is draining", 0)];
        }

        var worst = checks.Select(c => c.State).DefaultIfEmpty(ReadinessState.Ready).Max();
        return new HealthSummary(worst switch { ReadinessState.Ready => "ready", ReadinessState.Degraded => "degraded", _ => "not ready" }, checks);
    }

    static async Task<HealthCheckResult> RunAsync(IReadinessCheck check, CancellationToken aborted)
    {
        var start = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(CheckTimeout);
        ReadinessResult result;
        try
        {
            result = await check.CheckAsync(limit.Token).AsTask().WaitAsync(CheckTimeout, aborted);
        }
        catch (Exception e) when (!aborted.IsCancellationRequested)
        {
            result = new ReadinessResult(ReadinessState.NotReady, e is OperationCanceledException or TimeoutException ? "no answer within 1 s" : $"failed: {e.GetType().Name}");
        }

        return new HealthCheckResult(check.Name, result.State, result.Detail, Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 3));
    }
}

internal sealed record HealthSummary(string Status, HealthCheckResult[] Checks);

internal sealed record HealthCheckResult(string Name, ReadinessState State, string Detail, double DurationMs);
