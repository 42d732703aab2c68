using System.Buffers.Text;
using System.Text;

namespace Fettle.Caching.Redis;

/// <summary>
/// A message of the channel: <c>E epoch</c> (everything stored before is void), or <c>I stamp kind category-bytes node</c>, a line
/// feed, the category and the argument.
/// </summary>
internal readonly record struct Announcement(string? Epoch, long Stamp, string Node, Invalidation Invalidation)
{
    public static bool TryParse(ReadOnlySpan<byte> message, out Announcement announcement)
    {
        announcement = default;
        if (message.StartsWith("E "u8))
        {
            announcement = new(Encoding.UTF8.GetString(message[2..]), 0, "", default);
            return true;
        }

        var end = message.IndexOf((byte)'\n');
        if (end < 0 || !message.StartsWith("I "u8))
        {
            return false;
        }

        var rest = message[2..end];
        if (!TryNumber(ref rest, out var stamp) || !TryNumber(ref rest, out var kind) || !TryNumber(ref rest, out var categoryBytes)
            || kind is < 0 or > 5 || categoryBytes < 0 || categoryBytes > message.Length - end - 1)
        {
            return false;
        }

        var names = message[(end + 1)..];
        var invalidation = new Invalidation(
            (InvalidationKind)kind,
            Encoding.UTF8.GetString(names[..(int)categoryBytes]),
            TierKeys.Unsafe(Encoding.UTF8.GetString(names[(int)categoryBytes..])));
        announcement = new(null, stamp, Encoding.UTF8.GetString(rest), invalidation);
        return true;
    }

    static bool TryNumber(ref ReadOnlySpan<byte> text, out long number)
    {
        if (!Utf8Parser.TryParse(text, out number, out var used) || used >= text.Length || text[used] != ' ')
        {
            return false;
        }

        text = text[(used + 1)..];
        return true;
    }
}
