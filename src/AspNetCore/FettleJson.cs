using System.Text.Json.Serialization;

namespace Fettle.AspNetCore;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SwitchList))]
[JsonSerializable(typeof(SwitchState))]
[JsonSerializable(typeof(SwitchChange))]
[JsonSerializable(typeof(ServiceInfo))]
[JsonSerializable(typeof(HealthSummary))]
[JsonSerializable(typeof(IReadOnlyList<AuditEntry>))]
internal sealed partial class FettleJson : JsonSerializerContext;

/// <summary>The summary of <c>/metrics</c> keeps the snake_case names that existing clients read.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MetricsSummary))]
internal sealed partial class MetricsJson : JsonSerializerContext;
