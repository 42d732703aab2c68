using System.Text;

namespace Fettle.Caching.Redis.Tests;

/// <summary>Whatever stands on the server or in the channel, reading it ends in a value, a refusal or a format error, never in anything else.</summary>
public class HostileBytesTests
{
    [Fact]
    public void Entries_RoundTrip_AndEveryTruncationIsRefused()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var tags = Enumerable.Range(0, random.Next(5)).Select(i => new string('é', random.Next(30)) + i).ToArray();
            var value = new byte[random.Next(300)];
            random.NextBytes(value);
            byte[] bytes = [.. "FT\u0001"u8, .. "0123456789abcdef"u8, .. BitConverter.GetBytes(7.0), .. BitConverter.GetBytes(99.0), .. StoredEntry.Tail(tags, value.Length), .. value];
            StoredEntry.TryRead(bytes, out var entry).ShouldBeTrue();
            entry.Stamp.ShouldBe(7);
            entry.ExpiryMilliseconds.ShouldBe(99);
            entry.Tags().ShouldBe(tags);
            bytes.AsSpan(entry.ValueOffset).SequenceEqual(value).ShouldBeTrue();
            for (var length = 0; length < bytes.Length; length++)
            {
                StoredEntry.TryRead(bytes.AsSpan(0, length), out _).ShouldBeFalse($"seed {seed}, {length} of {bytes.Length} bytes");
            }

            for (var i = 0; i < 50; i++)
            {
                var damaged = (byte[])bytes.Clone();
                damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
                if (StoredEntry.TryRead(damaged, out var read))
                {
                    read.Tags();
                    read.ValueOffset.ShouldBeInRange(0, damaged.Length);
                }
            }
        }
    }

    [Theory]
    [InlineData("I 12 4 3 node\ncatarg", InvalidationKind.Category, "cat", "arg", 12, "node")]
    [InlineData("I 1 1 0 n\nred\nline", InvalidationKind.Tag, "", "red\nline", 1, "n")]
    [InlineData("I 9007199254740991 5 0 n\n", InvalidationKind.Everything, "", "", 9007199254740991, "n")]
    public void Announcements_AreRead(string message, InvalidationKind kind, string category, string argument, long stamp, string node)
    {
        Announcement.TryParse(Encoding.UTF8.GetBytes(message), out var read).ShouldBeTrue();
        read.ShouldBe(new Announcement(null, stamp, node, new Invalidation(kind, category, argument)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("I 1 1 0 n")]
    [InlineData("I x 1 0 n\n")]
    [InlineData("I 1 6 0 n\n")]
    [InlineData("I 1 -1 0 n\n")]
    [InlineData("I 1 0 9 n\nshort")]
    [InlineData("I 1 0 -1 n\nx")]
    [InlineData("hello\nworld")]
    public void OtherMessages_AreRefused(string message) => Announcement.TryParse(Encoding.UTF8.GetBytes(message), out _).ShouldBeFalse();

    [Fact]
    public void RandomMessagesAndLists_AreReadOrRefused()
    {
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            byte[] message = [.. "I "u8, .. bytes];
            Announcement.TryParse(message, out _);
            try
            {
                RangeList.Read([0x91, 0x93, .. bytes]);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                // Refused: the caller forgets what it cannot understand.
            }
        }
    }
}
