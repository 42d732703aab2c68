namespace Fettle.Caching.Warming;

/// <summary>Marks the loads that a warming asks for, those that they ask for in turn included.</summary>
internal static class WarmScope
{
    static readonly AsyncLocal<bool> On = new();

    public static bool IsActive => On.Value;

    /// <summary>Until the calling asynchronous method returns.</summary>
    public static void Begin() => On.Value = true;
}
