"""The five environments of the product and the one its tests lay over them: one `.in` and one hashed lock each."""
