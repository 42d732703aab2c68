using System.Runtime.CompilerServices;

namespace Fettle.AspNetCore;

/// <summary>
/// A set of tags and the series it belongs to. Instruments of a hot path send the same objects again and again, so comparing them finds the
/// series without rendering its labels. Losing an entry to another is fine: the labels find the same series.
/// </summary>
internal sealed class SeenTags
{
    public const int Slots = 64;

    readonly KeyValuePair<string, object?>[] _tags;

    SeenTags(KeyValuePair<string, object?>[] tags, MetricSeries series) => (_tags, Series) = (tags, series);

    public MetricSeries Series { get; }

    /// <summary>Null when a value could change under its reference.</summary>
    public static SeenTags? Of(ReadOnlySpan<KeyValuePair<string, object?>> tags, MetricSeries series)
    {
        foreach (var (_, value) in tags)
        {
            if (value is not (null or string or ValueType))
            {
                return null;
            }
        }

        return new SeenTags(tags.ToArray(), series);
    }

    public static int Slot(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = (uint)tags.Length;
        foreach (var (_, value) in tags)
        {
            hash = hash * 31 + (uint)(value is string text ? RuntimeHelpers.GetHashCode(text) : value?.GetHashCode() ?? 0);
        }

        return (int)((hash * 0x9E3779B1) >> 26);
    }

    public bool Equal(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var mine = _tags;
        if (mine.Length != tags.Length)
        {
            return false;
        }

        for (var i = 0; i < mine.Length; i++)
        {
            if (!ReferenceEquals(mine[i].Value, tags[i].Value) && !Equals(mine[i].Value, tags[i].Value))
            {
                return false;
            }

            if (!string.Equals(mine[i].Key, tags[i].Key, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
