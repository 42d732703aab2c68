namespace Fettle.Redis.Tests;

public class RedisOptionsTests
{
    [Theory]
    [InlineData("redis://h:7000/3", "redis://h:7000/3")]
    [InlineData("h", "redis://h:6379/0")]
    [InlineData("h:1", "redis://h:1/0")]
    [InlineData("redis://user:p%40ss@h", "redis://user@h:6379/0")]
    [InlineData("rediss://h/1", "rediss://h:6379/1")]
    [InlineData("redis://[::1]:7000", "redis://::1:7000/0")]
    public void Parse_KnownForms_AreRead(string address, string shown) => RedisOptions.Parse(address).ToString().ShouldBe(shown);

    [Fact]
    public void Parse_UserAndPassword_AreUnescaped()
    {
        var options = RedisOptions.Parse("redis://user:p%40ss@h");
        options.User.ShouldBe("user");
        options.Password.ShouldBe("p@ss");
        options.ToString().ShouldNotContain("p@ss");
    }

    [Theory]
    [InlineData("http://h")]
    [InlineData("redis://h/x")]
    [InlineData("redis://")]
    [InlineData("redis://h/5000")]
    public void Parse_AnythingElse_IsRefusedWithTheForm(string address) =>
        Should.Throw<ArgumentException>(() => RedisOptions.Parse(address)).Message.ShouldContain("allowed is");

    [Fact]
    public void WrongValues_AreRefused_NamingValueAndRange()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new RedisOptions { Port = 0 }).Message.ShouldContain("1 to 65535");
        Should.Throw<ArgumentException>(() => new RedisOptions { ClientName = "two words" }).Message.ShouldContain("two words");
        Should.Throw<ArgumentException>(() => new RedisOptions { Host = " " }).Message.ShouldContain("Host");
        Should.Throw<ArgumentOutOfRangeException>(() => new RedisOptions { Protocol = 4 });
        Should.Throw<ArgumentOutOfRangeException>(() => new RedisTimings { Command = TimeSpan.Zero }).Message.ShouldContain("Command");
        Should.Throw<ArgumentOutOfRangeException>(() => new RedisTimings { ReconnectMax = TimeSpan.FromSeconds(31) });
        Should.Throw<ArgumentOutOfRangeException>(() => new RedisLimits { MaxReplyBytes = 1 });
    }
}
