namespace Fettle.Caching;

/// <summary>
/// A time to live that follows how often the values of a category change: as long as at most the tolerated share of the time a value
/// is served, it is expected to be out of date. Every change is told to <see cref="FettleCacheOptions.Notice"/>.
/// </summary>
/// <remarks>
/// Whether a value changed is seen when it is loaded again: by <see cref="Print"/>, else by its stored bytes, else, where the category has
/// no serializer, by its hash code.
/// </remarks>
public sealed record AutoTimeToLive
{
    /// <summary>The shortest. Default 1 s; 1 ms to 3,650 days.</summary>
    public TimeSpan Floor { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650)); } = TimeSpan.FromSeconds(1);

    /// <summary>The longest. Default 1 h; 1 ms to 3,650 days.</summary>
    public TimeSpan Ceiling { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650)); } = TimeSpan.FromHours(1);

    /// <summary>The share of its life for which a value may be expected to be out of date. Default 0.05; 0.001 to 0.5.</summary>
    public double Staleness { get; set => field = Guard.Range(value, 0.001, 0.5); } = 0.05;

    /// <summary>
    /// What counts as the value: a <c>Func&lt;T, int&gt;</c> of the category's type, equal where nothing that matters changed. Needed where a value
    /// says when it was made. Default null: all of it.
    /// </summary>
    public Delegate? Print { get; set; }

    /// <summary>The switch: while it says false, the category's own time to live holds. Default null: on.</summary>
    public Func<bool>? IsOn { get; set; }
}
