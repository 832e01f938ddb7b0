using Topology.Ingress;

// Read only environment variables and the command line, so that nothing else changes how the ingress behaves.
var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
await using var ingress = new IngressServer(Entrance.Read(configuration), configuration.GetValue<int>("Ingress:HealthPort"));
await ingress.RunAsync();
