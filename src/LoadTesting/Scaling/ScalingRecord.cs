namespace Fettle.LoadTesting.Scaling;

/// <summary>Something that happened to the instances.</summary>
/// <param name="Seconds">After the beginning of the load; below zero before it.</param>
/// <param name="What">ready, scale out, added, scale in, removed, lost, unhealthy, killed, failed to start.</param>
/// <param name="Instance">Which instance; empty for a decision.</param>
/// <param name="ProcessId">Its process; 0 for a decision.</param>
/// <param name="Instances">Instances behind the balancer afterwards.</param>
/// <param name="Cause">Why.</param>
public sealed record ScalingEvent(double Seconds, string What, string Instance, int ProcessId, int Instances, string Cause);

/// <summary>The instances at a moment.</summary>
/// <param name="Seconds">After the beginning of the load.</param>
/// <param name="Instances">Instances behind the balancer.</param>
/// <param name="CpuPercent">Their mean processor use in percent of what they may use.</param>
/// <param name="MaxCpuPercent">The use of the busiest one.</param>
public sealed record ScalingSample(double Seconds, int Instances, double CpuPercent, double MaxCpuPercent);

/// <summary>What scaling did during a run.</summary>
/// <param name="Events">In order of time.</param>
/// <param name="Samples">In order of time.</param>
public sealed record ScalingRecord(IReadOnlyList<ScalingEvent> Events, IReadOnlyList<ScalingSample> Samples);
