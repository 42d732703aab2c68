using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Fettle.AspNetCore;

/// <summary>
/// Sends the metrics that <c>/metrics</c> shows to an OTLP collector while the standard variables ask for it: an endpoint
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or <c>…_METRICS_ENDPOINT</c>) is set and neither <c>OTEL_SDK_DISABLED</c> nor
/// <c>OTEL_METRICS_EXPORTER=none</c> forbids it. Protocol, headers, interval and resource follow their own variables.
/// </summary>
internal sealed class OtlpExport(IConfiguration configuration, FettleOptions options) : IHostedService, IDisposable
{
    MeterProvider? _provider;

    /// <summary>Whether the variables ask for an export.</summary>
    public static bool IsWanted(IConfiguration configuration) =>
        (configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } || configuration["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] is { Length: > 0 })
        && !string.Equals(configuration["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(configuration["OTEL_METRICS_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IsWanted(configuration))
        {
            return Task.CompletedTask;
        }

        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .AddMeter([.. MetricsCollector.Meters])
            .AddView(View)
            .AddOtlpExporter();
        if (configuration["OTEL_SERVICE_NAME"] is null && configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.name=", StringComparison.Ordinal) != true)
        {
            builder.ConfigureResource(resource => resource.AddService(options.ServiceName));
        }

        _provider = builder.Build();
        return Task.CompletedTask;
    }

    /// <summary>The last values go out before the process ends, if the collector takes them within 5 s.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _provider?.Shutdown(5_000);
        return Task.CompletedTask;
    }

    public void Dispose() => _provider?.Dispose();

    /// <summary>Durations keep the sub-millisecond bounds of <c>/metrics</c>; the rest is as its instrument advises.</summary>
    static MetricStreamConfiguration? View(Instrument instrument) => instrument.Unit == "s" && instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal)
        ? new ExplicitBucketHistogramConfiguration { Boundaries = MetricsCollector.DurationBounds }
        : null;
}
