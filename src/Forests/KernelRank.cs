namespace Fettle.Forests;

/// <summary>How fast one kernel runs a model; null where it does not take such a batch.</summary>
/// <param name="Instructions">Instruction set: scalar, avx2 or avx512.</param>
/// <param name="Kernel">plain, walk, all splits at once, 32 trees at once, or blocks.</param>
/// <param name="OneRow">Nanoseconds of a single row, the shortest of the rounds.</param>
/// <param name="Batch">Nanoseconds per row of the whole batch, the shortest of the rounds.</param>
/// <param name="Problem">Why the model does not fit the kernel; null when it does.</param>
public sealed record KernelRank(string Instructions, string Kernel, double? OneRow, double? Batch, string? Problem);
