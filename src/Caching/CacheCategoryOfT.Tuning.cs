using System.Buffers;
using System.Globalization;

namespace Fettle.Caching;

/// <content>The time to live that follows how often values change.</content>
public sealed partial class CacheCategory<T>
{
    TimeSpan CurrentTimeToLive => _tuner is { IsOn: true } ? _tuner.Current : Options.TimeToLive;

    void Tune(uint hash, T value)
    {
        if (_tuner is not { IsOn: true } tuner || tuner.Observe(hash, Print(value), _clock.Exact) is not var (old, now, perHour))
        {
            return;
        }

        _cache.Options.Notice?.Invoke(new CacheNotice(false, string.Create(
            CultureInfo.InvariantCulture,
            $"category '{Name}': time to live {old.TotalSeconds:0.###} s to {now.TotalSeconds:0.###} s; a value changes {perHour:0.###} times an hour")));
    }

    /// <summary>Equal for equal values; different, but for one pair in four billion, for different ones.</summary>
    int Print(T value)
    {
        if (value is null)
        {
            return 0;
        }

        if (_print is { } print)
        {
            return print(value);
        }

        if (_serializer is null)
        {
            return value.GetHashCode();
        }

        var bytes = new ArrayBufferWriter<byte>(256);
        _serializer.Serialize(value, bytes);
        var hash = default(HashCode);
        hash.AddBytes(bytes.WrittenSpan);
        return hash.ToHashCode();
    }
}
