using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.AspNetCore;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(KebabEnum<SwitchRisk>), typeof(KebabEnum<ReadinessState>)])]
[JsonSerializable(typeof(SwitchList))]
[JsonSerializable(typeof(SwitchState))]
[JsonSerializable(typeof(SwitchChange))]
[JsonSerializable(typeof(CacheCleared))]
[JsonSerializable(typeof(ServiceInfo))]
[JsonSerializable(typeof(HealthSummary))]
[JsonSerializable(typeof(IReadOnlyList<AuditEntry>))]
[JsonSerializable(typeof(LiveHistory))]
[JsonSerializable(typeof(LiveSample))]
[JsonSerializable(typeof(RouteList))]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(LoadList))]
[JsonSerializable(typeof(AdviceList))]
[JsonSerializable(typeof(AppliedLine))]
[JsonSerializable(typeof(DeliveryDocument))]
[JsonSerializable(typeof(MetricsDocument))]
[JsonSerializable(typeof(IReadOnlyList<Databases.RepeatedQuery>))]
internal sealed partial class FettleJson : JsonSerializerContext;

/// <summary>The summary of <c>/metrics</c> keeps the snake_case names that existing clients read.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MetricsSummary))]
internal sealed partial class MetricsJson : JsonSerializerContext;

/// <summary>Enumerations on the wire are lower-case words joined by hyphens.</summary>
internal sealed class KebabEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower)
    where T : struct, Enum;
